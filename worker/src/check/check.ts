export type CheckStatus = "ok" | "warning" | "failed" | "skipped";

/** One line of the preflight's table. */
export interface CheckResult {
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found, with its values. */
  readonly detail: string;
  /** What to do about it; empty when nothing is to be done. */
  readonly remedy: string;
}

export const ok = (name: string, detail: string): CheckResult => ({ name, status: "ok", detail, remedy: "" });

export const warning = (name: string, detail: string, remedy: string): CheckResult => ({
  ...{ name, status: "warning", detail, remedy },
});

export const failed = (name: string, detail: string, remedy: string): CheckResult => ({
  ...{ name, status: "failed", detail, remedy },
});

export const skipped = (name: string, because: string): CheckResult => ({
  ...{ name, status: "skipped", detail: `not checked: ${because}`, remedy: "" },
});

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20).toLocaleString("en")} MiB`;
}
