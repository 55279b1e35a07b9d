"""The exporter as systems start it: with few files at first, and more for the asking."""

import resource

from exporter.cli import main

FEW = 128

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    main()
