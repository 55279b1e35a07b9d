"""The Grafana dashboards as code.

`python -m grafana.generate` writes `grafana/dashboards/*.json`; the JSON is committed, so that
whoever only wants the dashboards needs no Python. Dashboards are plain dictionaries in Grafana's
classic schema, which Grafana 10 to 13 load; newer versions migrate it on their own.
"""
