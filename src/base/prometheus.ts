/** One metric: its samples as label text (`{item="user"}` or empty) and value. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: "gauge" | "counter";
  readonly samples: readonly MetricSample[];
}
export type MetricSample = readonly [labels: string, value: number];

/** Renders metrics in the Prometheus text format; those without samples are left out. */
export function renderMetrics(metrics: readonly Metric[]): string {
  let text = "";
  for (const { name, help, kind, samples } of metrics) {
    if (samples.length === 0) continue;
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
    for (const [labels, value] of samples) text += `${name}${labels} ${value}\n`;
  }
  return text;
}

/** Label text. Values may come from anywhere: what would end the quotes is replaced. */
export function metricLabels(values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(([key, value]) => `${key}="${value.replace(/[\\"\n]/g, "_")}"`);
  return `{${pairs.join(",")}}`;
}
