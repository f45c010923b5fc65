/** Reads the files of models from where their publishers say they are. What it returns is checked against the chain. */
export interface ModelSource {
  /**
   * @param uri address of one file
   * @throws AthanorError `ModelUriUnsupported` for addresses it does not read, `ModelFileTooLarge`; anything else when reading fails
   */
  readFile(uri: string, options: ReadFileOptions): Promise<Uint8Array>;
}

export interface ReadFileOptions {
  /** Refuse larger files, without reading them to the end. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}
