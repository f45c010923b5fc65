import { EngineError } from "../errors.ts";
import { BUFFER_USAGE, type GpuDevice } from "./device.ts";

/** Bytes that are handed to the driver before it gets time to take them. */
const UPLOAD_BYTES = 2 ** 24;

/** Buffers of one device, counted. */
export class GpuMemory {
  readonly device: GPUDevice;
  /** Largest buffer that a kernel can see as one. */
  readonly largest: number;
  /** Bytes of all buffers. */
  bytes = 0;
  readonly #buffers: GPUBuffer[] = [];

  constructor({ device, report }: GpuDevice) {
    this.device = device;
    this.largest = Math.min(report.limits.maxBufferSize, report.limits.maxStorageBufferBindingSize);
  }

  /**
   * A storage buffer of zeros.
   *
   * @throws EngineError `MEMORY_BUDGET_TOO_SMALL` when the device's limits do not allow it
   */
  storage(label: string, bytes: number): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    if (size > this.largest) {
      throw new EngineError(
        "MEMORY_BUDGET_TOO_SMALL",
        `The buffer "${label}" takes ${size} bytes, and the device allows ${this.largest}.`,
        {
          remedy: "Use a device with larger buffers, a shorter capacity, or fewer rows.",
          details: { label, needed: size, largest: this.largest },
        },
      );
    }
    const usage = BUFFER_USAGE.storage | BUFFER_USAGE.copySource | BUFFER_USAGE.copyDestination;
    return this.#create(label, size, usage);
  }

  uniform(label: string, bytes: number): GPUBuffer {
    return this.#create(label, bytes, BUFFER_USAGE.uniform | BUFFER_USAGE.copyDestination);
  }

  /** A buffer that the host reads what was copied into it. */
  readback(label: string, bytes: number): GPUBuffer {
    return this.#create(
      label,
      Math.max(16, Math.ceil(bytes / 4) * 4),
      BUFFER_USAGE.mapRead | BUFFER_USAGE.copyDestination,
    );
  }

  /** A storage buffer of these integers. */
  filled(label: string, values: Int32Array | Uint32Array): GPUBuffer {
    const buffer = this.storage(label, values.byteLength);
    this.device.queue.writeBuffer(buffer, 0, values);
    return buffer;
  }

  /** Writes rows piece by piece, giving the device time in between; `rowAt` puts a row into the given bytes. */
  async upload(
    buffer: GPUBuffer,
    rows: number,
    rowBytes: number,
    rowAt: (row: number, bytes: Int8Array) => void,
  ): Promise<void> {
    const atOnce = Math.max(1, Math.min(rows, Math.floor(UPLOAD_BYTES / rowBytes)));
    for (let first = 0; first < rows; first += atOnce) {
      const count = Math.min(atOnce, rows - first);
      const bytes = new Int8Array(count * rowBytes);
      for (let row = 0; row < count; row++) {
        rowAt(first + row, bytes.subarray(row * rowBytes, (row + 1) * rowBytes));
      }
      this.device.queue.writeBuffer(buffer, first * rowBytes, bytes);
      if (rows > atOnce) await this.device.queue.onSubmittedWorkDone();
    }
  }

  #create(label: string, size: number, usage: number): GPUBuffer {
    this.bytes += size;
    const buffer = this.device.createBuffer({ label, size, usage });
    this.#buffers.push(buffer);
    return buffer;
  }

  destroy(): void {
    for (const buffer of this.#buffers.splice(0)) buffer.destroy();
    this.bytes = 0;
  }
}
