/** Where progress goes: standard error, so that standard output stays the command's result. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const WIDTH = 30;

/**
 * A line that grows: a bar with percent, amount and the time that is left. Where nobody watches, a line for every tenth.
 *
 * @param unit of the amounts, as in "parameters".
 */
export function progressBar(
  stream: ProgressStream,
  unit: string,
  now: () => number = () => performance.now(),
): { update: (done: number, total: number) => void; end: () => void } {
  const start = now();
  let first: number | undefined;
  let shown = "";
  return {
    update(done, total) {
      // What an interrupted run left was not done in this one's time.
      first ??= done;
      const share = total === 0 ? 1 : done / total;
      const amount = `${Math.floor(100 * share)} %  ${short(done)} of ${short(total)} ${unit}`;
      if (!stream.isTTY) {
        const tenth = `${Math.floor(10 * share)}0 %`;
        if (tenth !== shown) stream.write(`${tenth}  ${short(done)} of ${short(total)} ${unit}\n`);
        shown = tenth;
        return;
      }
      const filled = Math.floor(WIDTH * share);
      const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
      const seconds = ((now() - start) / 1_000 / Math.max(done - first, 1)) * (total - done);
      const text = `${bar}  ${amount}${done > first && done < total ? `  ${clock(seconds)} left` : ""}`;
      if (text === shown) return;
      stream.write(`\r${text.padEnd(shown.length)}`);
      shown = text;
    },
    end() {
      if (stream.isTTY && shown !== "") stream.write("\n");
    },
  };
}

/** Three digits and a letter: 1.31 M. */
export function short(amount: number): string {
  const units = ["", " k", " M", " G", " T"];
  let unit = 0;
  let rest = amount;
  for (; rest >= 999.5 && unit < units.length - 1; unit++) rest /= 1000;
  return `${unit === 0 ? rest : rest.toPrecision(3)}${units[unit]}`;
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const parts = hours > 0 ? [hours, pad(minutes), pad(whole % 60)] : [minutes, pad(whole % 60)];
  return parts.join(":");
}

function pad(part: number): string {
  return String(part).padStart(2, "0");
}
