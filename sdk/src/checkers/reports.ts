import { AbiCoder, isHexString, keccak256, ZeroAddress, ZeroHash } from "ethers";
import { invalid, show, validateAddress, validateHash, validateWhole } from "../client/arguments.ts";
import { checkerError } from "./errors.ts";
import type { QualityReport } from "./types.ts";

const REPORT = "tuple(address provider, uint32 latency, uint48 throughput, uint16 uptime, bytes evidence)";

/** Reports that are revealed in one transaction, and the hash before the first of them. */
export interface ReportChunk {
  readonly previous: string;
  readonly reports: readonly QualityReport[];
}

/**
 * The hashes before and after each report, in the order that the contract wants: sorted by provider, ascending, one on each.
 *
 * @param from the hash before the first
 * @throws AthanorError `InvalidArgument`, `NotAscending`
 */
export function reportHashes(reports: readonly QualityReport[], from: string = ZeroHash): string[] {
  validateHash("from", from);
  const hashes = [from];
  let last: string = ZeroAddress;
  for (const report of reports) {
    validateReport(report);
    if (BigInt(report.provider) <= BigInt(last)) {
      throw checkerError("NotAscending", { provider: last, next: report.provider });
    }
    last = report.provider;
    const encoded = AbiCoder.defaultAbiCoder().encode(["bytes32", REPORT], [hashes.at(-1), report]);
    hashes.push(keccak256(encoded));
  }
  return hashes;
}

/**
 * What a checker commits to: the hash after its last report (section 4 of docs/checkers.md).
 *
 * @throws AthanorError `NoReports`, and as `reportHashes`
 */
export function reportsTip(reports: readonly QualityReport[]): string {
  if (reports.length === 0) throw checkerError("NoReports", {});
  return reportHashes(reports).at(-1)!;
}

/**
 * Reports in chunks, in the order in which they are revealed: the last ones first.
 *
 * @param size reports in a transaction, at least 1
 * @throws AthanorError as `reportHashes`
 */
export function reportChunks(reports: readonly QualityReport[], size: number): ReportChunk[] {
  validateWhole("size", size, 1, 2 ** 32 - 1);
  const hashes = reportHashes(reports);
  const chunks: ReportChunk[] = [];
  for (let end = reports.length; end > 0; end -= size) {
    const start = Math.max(0, end - size);
    chunks.push({ previous: hashes[start]!, reports: reports.slice(start, end) });
  }
  return chunks;
}

function validateReport({ provider, latency, throughput, uptime, evidence }: QualityReport): void {
  validateAddress("provider", provider);
  validateWhole("latency", latency, 0, 2 ** 32 - 1);
  validateWhole("throughput", throughput, 0, 2 ** 48 - 1);
  validateWhole("uptime", uptime, 0, 10_000);
  if (!isHexString(evidence)) throw invalid("evidence", show(evidence), "bytes in hexadecimal digits");
  const isEmpty = evidence === "0x";
  if (uptime === 0 ? latency !== 0 || throughput !== 0 || !isEmpty : isEmpty) {
    throw checkerError("InvalidReport", { provider });
  }
}
