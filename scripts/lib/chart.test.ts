import { expect } from "chai";
import { barChart, lineChart } from "./chart.ts";

const x = { label: "x", ticks: [0, 10] };

describe("charts", () => {
  it("draws a line through its points, between the first and the last tick", () => {
    const chart = lineChart({
      title: "a & b",
      x,
      y: { label: "y", ticks: [1, 10, 100], isLogarithmic: true },
      series: [
        {
          name: "<one>",
          points: [
            [0, 1],
            [5, 10],
            [10, 100],
          ],
        },
      ],
    });
    expect(chart).to.contain('<polyline points="70,340 270,190 470,40"');
    expect(chart).to.contain("<title>a &amp; b</title>").and.to.contain("&lt;one&gt;");
    expect(chart.startsWith("<svg ") && chart.endsWith("</svg>\n")).to.equal(true);
  });

  it("draws what lies beyond the ticks at the edge", () => {
    const y = { label: "y", ticks: [0, 1] };
    const series = [
      {
        name: "far",
        points: [
          [-5, -1],
          [20, 2],
        ] as const,
      },
    ];
    expect(lineChart({ title: "t", x, y, series })).to.contain('points="70,340 470,40"');
  });

  it("draws bars from zero, to the left if they are negative", () => {
    const chart = barChart({
      title: "t",
      x: { label: "x", ticks: [-10, 0, 10] },
      bars: [
        { name: "up", value: 5, spread: 1, isMarked: true },
        { name: "down", value: -10, spread: 0 },
      ],
    });
    expect(chart).to.contain('<rect x="475" y="45" width="107.5"');
    expect(chart).to.contain('<rect x="260" y="71" width="215"');
  });
});
