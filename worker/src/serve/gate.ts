/** Whether new answers and jobs may begin: closed while an exam has the hardware. Those under way go on. */
export class Gate {
  private closings = 0;
  private readonly listeners: (() => void)[] = [];

  get isOpen(): boolean {
    return this.closings === 0;
  }

  /** @returns the function that opens it again */
  close(): () => void {
    this.closings++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      if (--this.closings > 0) return;
      for (const listener of this.listeners) listener();
    };
  }

  onOpen(listener: () => void): void {
    this.listeners.push(listener);
  }
}
