/** Progress of the demo, a line a step; at a terminal the line of a running step moves. */
export interface Screen {
  begin(step: string): void;
  /** Replaces what stands behind the running step. */
  update(detail: string): void;
  done(detail?: string): void;
  /** Leaves the running step's line as it is. */
  end(): void;
}

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const BAR_WIDTH = 24;

export function createScreen(output: Output): Screen {
  const live = output.isTTY === true;
  let step: { readonly name: string; readonly started: number } | undefined;
  let shown = "";
  const draw = (text: string) => {
    if (live) output.write(`\r\u001b[K${text}`);
    shown = text;
  };
  return {
    begin(name) {
      step = { name, started: performance.now() };
      draw(`  … ${name}`);
    },
    update(detail) {
      if (step) draw(`  … ${step.name}  ${detail}`);
    },
    done(detail = "") {
      if (!step) return;
      const seconds = ((performance.now() - step.started) / 1000).toFixed(1);
      output.write(`${live ? "\r\u001b[K" : ""}  ✓ ${step.name} (${seconds} s)${detail && `  ${detail}`}\n`);
      step = undefined;
    },
    end() {
      if (step) output.write(live ? "\n" : `${shown}\n`);
      step = undefined;
    },
  };
}

/** "████████░░░░░░░░ 41/128 tokens" */
export function progressBar(tokens: number, maxTokens: number): string {
  const filled = Math.round((BAR_WIDTH * tokens) / maxTokens);
  return `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ${tokens}/${maxTokens} tokens`;
}
