/* What our dashboards may say, put together from Grafana's own types in @grafana/schema.
 *
 * Grafana's types name their words by enums, and JSON has only the words themselves: `Plain` writes
 * every enum as its words. Options and columns are checked by the type of their panel, which the
 * type of a dashboard leaves open. What the package has no types for is written out here, and
 * nothing else is: the editors of Prometheus' plugin, and the list of alerts.
 */
import type * as Grafana from "@grafana/schema";
import type * as BarGauge from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type * as Heatmap from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type * as Stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as StateTimeline from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as StatusHistory from "@grafana/schema/dist/esm/raw/composable/statushistory/panelcfg/x/StatusHistoryPanelCfg_types.gen";
import type * as Table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as TimeSeries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import type { PrometheusDataQuery } from "schema-of-grafana-10/dist/esm/raw/composable/prometheus/dataquery/x/PrometheusDataQuery_types.gen";

type Plain<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends number
      ? `${T}` extends `${infer Value extends number}`
        ? Value
        : never
      : T extends readonly (infer Item)[]
        ? Plain<Item>[]
        : T extends object
          ? { [Key in keyof T]: Plain<T[Key]> }
          : T;

/* Keys that Grafana fills in where they are left out, inside of options, too. */
type Filled<T> = unknown extends T
  ? T
  : T extends readonly unknown[]
    ? T
    : T extends object
      ? { [Key in keyof T]?: Filled<T[Key]> }
      : T;

type Settings<T> = Filled<Plain<T>>;

type DataSource = { type: "prometheus"; uid: "${datasource}" };

type Link = { title: string; url: string; targetBlank?: boolean };

type Fields = Omit<Plain<Grafana.FieldConfig>, "custom" | "links"> & { links?: Link[] };

type Property<Custom> =
  | { [Key in keyof Fields]-?: { id: Key; value: Fields[Key] } }[keyof Fields]
  | {
      [Key in keyof Custom & string]-?: { id: `custom.${Key}`; value: Custom[Key] };
    }[keyof Custom & string];

type Override<Custom> = {
  matcher: { id: "byName" | "byRegexp"; options: string };
  properties: Property<Custom>[];
};

type Query = Omit<Plain<PrometheusDataQuery>, "datasource"> & { datasource: DataSource };

type Columns = {
  excludeByName?: Record<string, boolean>;
  indexByName?: Record<string, number>;
  renameByName?: Record<string, string>;
};

type Transformation = { id: "merge"; options: {} } | { id: "organize"; options: Columns };

type Frame = Omit<Grafana.Panel, "type" | "datasource" | "options" | "fieldConfig" | "targets" | "transformations">;

type PanelOf<Type extends string, Options, Custom> = Frame & {
  type: Type;
  datasource: DataSource;
  options: Settings<Options>;
  fieldConfig: {
    defaults: Fields & { custom?: Settings<Custom> };
    overrides: Override<Settings<Custom>>[];
  };
  targets: Query[];
  transformations?: Transformation[];
};

/* No package has types for the list of alerts; these are the keys of its panel.cue in Grafana. */
type AlertList = {
  alertInstanceLabelFilter: string;
  alertName: string;
  dashboardAlerts: boolean;
  groupBy: string[];
  groupMode: "default" | "custom";
  maxItems: number;
  sortOrder: 1 | 2 | 3 | 4 | 5;
  stateFilter: Record<"error" | "firing" | "noData" | "normal" | "pending", boolean>;
  viewMode: "list" | "stat";
};

/* What some versions of Grafana keep elsewhere or do not know. Grafana 12.2 and later move the footer
 * of a table when they load it; Grafana 10 shows all rows where newer ones turn pages. */
type Footer = { footer: { enablePagination: boolean; reducer: string[]; show: boolean } };
type Pages = { perPage: number };

export type Panels = {
  alertlist: PanelOf<"alertlist", AlertList, {}>;
  bargauge: PanelOf<"bargauge", BarGauge.Options, {}>;
  heatmap: PanelOf<"heatmap", Heatmap.Options, Heatmap.FieldConfig>;
  row: Omit<Grafana.RowPanel, "panels"> & { panels: [] };
  stat: PanelOf<"stat", Stat.Options, {}>;
  "state-timeline": PanelOf<"state-timeline", StateTimeline.Options & Pages, StateTimeline.FieldConfig>;
  "status-history": PanelOf<"status-history", StatusHistory.Options & Pages, StatusHistory.FieldConfig>;
  table: PanelOf<"table", Omit<Table.Options, "footer"> & Footer, Table.FieldConfig>;
  timeseries: PanelOf<"timeseries", TimeSeries.Options, TimeSeries.FieldConfig>;
};

/* What Prometheus' plugin keeps in a variable and in an annotation, beside what all have. */
type Variable = Omit<Plain<Grafana.VariableModel>, "datasource" | "query" | "current"> & {
  datasource?: DataSource;
  definition?: string;
  query: string | { qryType: 1; query: string; refId: string };
  current: Plain<Grafana.VariableOption> | Record<string, never>;
};

type Annotation = Omit<Plain<Grafana.AnnotationQuery>, "datasource"> & {
  datasource: DataSource;
  expr: string;
  step?: string;
  textFormat?: string;
  titleFormat?: string;
  useValueForTime?: boolean;
};

export type Dashboard = Omit<Plain<Grafana.Dashboard>, "annotations" | "panels" | "templating"> & {
  annotations: { list: Annotation[] };
  panels: [];
  templating: { list: Variable[] };
};
