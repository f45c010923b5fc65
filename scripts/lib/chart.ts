/** A line: its points in order, by increasing x. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly label: string;
  readonly ticks: readonly number[];
  readonly isLogarithmic?: boolean;
  /** Default: the shortest decimal. */
  readonly format?: (value: number) => string;
}

export interface LineChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Half the width of its interval. */
  readonly spread: number;
  readonly isMarked?: boolean;
}

export interface BarChart {
  readonly title: string;
  readonly x: Axis;
  readonly bars: readonly Bar[];
}

const WIDTH = 720;
// Okabe and Ito's colours, which people with any colour vision tell apart.
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const INK = "#333333";
const GRID = "#dddddd";

/** Lines over two axes, as a whole SVG document: the same data give the same bytes. Points beyond the ticks are drawn at the edge. */
export function lineChart({ title, x, y, series }: LineChart): string {
  const frame = { left: 70, top: 40, right: WIDTH - 250, bottom: 340 };
  const toX = scaleOf(x, frame.left, frame.right);
  const toY = scaleOf(y, frame.bottom, frame.top);
  const parts = [
    ...x.ticks.flatMap((tick) => [
      line(toX(tick), frame.top, toX(tick), frame.bottom, GRID),
      text(toX(tick), frame.bottom + 18, formatTick(x, tick), "middle"),
    ]),
    ...y.ticks.flatMap((tick) => [
      line(frame.left, toY(tick), frame.right, toY(tick), tick === 0 ? INK : GRID),
      text(frame.left - 8, toY(tick) + 4, formatTick(y, tick), "end"),
    ]),
    text((frame.left + frame.right) / 2, frame.bottom + 42, x.label, "middle"),
    text(12, frame.top - 14, y.label, "start"),
    ...series.flatMap(({ name, points }, index) => {
      const colour = COLOURS[index % COLOURS.length]!;
      const path = points.map(([px, py]) => `${round(toX(px))},${round(toY(py))}`).join(" ");
      const legend = frame.top + 12 + 22 * index;
      return [
        `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...points.map(
          ([px, py]) => `<circle cx="${round(toX(px))}" cy="${round(toY(py))}" r="3" fill="${colour}"/>`,
        ),
        line(frame.right + 14, legend - 4, frame.right + 34, legend - 4, colour, 2),
        text(frame.right + 40, legend, name, "start"),
      ];
    }),
  ];
  return document(title, 400, parts);
}

/** Bars from zero to the right or left, each with its interval, as a whole SVG document. */
export function barChart({ title, x, bars }: BarChart): string {
  const frame = { left: 260, top: 40, right: WIDTH - 30, bottom: 40 + 26 * bars.length };
  const toX = scaleOf(x, frame.left, frame.right);
  const parts = [
    ...x.ticks.flatMap((tick) => [
      line(toX(tick), frame.top, toX(tick), frame.bottom, tick === 0 ? INK : GRID),
      text(toX(tick), frame.bottom + 18, formatTick(x, tick), "middle"),
    ]),
    text((frame.left + frame.right) / 2, frame.bottom + 42, x.label, "middle"),
    ...bars.flatMap(({ name, value, spread, isMarked = false }, index) => {
      const top = frame.top + 26 * index;
      const [from, to] = [toX(Math.min(0, value)), toX(Math.max(0, value))];
      const colour = isMarked ? COLOURS[0]! : COLOURS[4]!;
      return [
        text(frame.left - 8, top + 17, name, "end"),
        `<rect x="${round(from)}" y="${top + 5}" width="${round(to - from)}" height="16" fill="${colour}"/>`,
        line(toX(value - spread), top + 13, toX(value + spread), top + 13, INK, 2),
      ];
    }),
  ];
  return document(title, frame.bottom + 60, parts);
}

function scaleOf(
  { ticks, isLogarithmic = false }: Axis,
  from: number,
  to: number,
): (value: number) => number {
  const least = Math.min(...ticks);
  const most = Math.max(...ticks);
  const position = (value: number) => (isLogarithmic ? Math.log(value) : value);
  const [start, end] = [position(least), position(most)];
  return (value) => {
    const inside = Math.min(Math.max(value, least), most);
    return from + ((position(inside) - start) / (end - start)) * (to - from);
  };
}

function formatTick({ format = String }: Axis, tick: number): string {
  return format(tick);
}

function document(title: string, height: number, parts: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="sans-serif" font-size="12">`;
  return [
    head,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string, width = 1): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${colour}" stroke-width="${width}"/>`;
}

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end"): string {
  return `<text x="${round(x)}" y="${round(y)}" fill="${INK}" text-anchor="${anchor}">${escape(content)}</text>`;
}

const round = (value: number): string => String(Math.round(value * 10) / 10);

const escape = (content: string): string =>
  content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
