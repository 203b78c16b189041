// Undo and redo, of whatever a room can put back.

/** States before and after the present one, which the room itself holds. */
export class UndoStack<T> {
  private past: T[] = []
  private future: T[] = []
  private group: string | null = null

  /** @param limit  changes that can be undone */
  constructor(private readonly limit = 200) {}

  get canUndo(): boolean {
    return this.past.length > 0
  }

  get canRedo(): boolean {
    return this.future.length > 0
  }

  /**
   * Call before a change, with the state that it leaves. What was undone can then not be redone.
   *
   * @param group  changes in a row of the same group are one: those of a slider that is dragged
   */
  leave(present: T, group: string | null = null): void {
    const goesOn = group !== null && group === this.group && this.past.length > 0
    this.group = group
    this.future = []
    if (goesOn) return
    this.past.push(present)
    if (this.past.length > this.limit) this.past.shift()
  }

  /** The next change is one of its own, whatever its group. */
  settle(): void {
    this.group = null
  }

  /** The state before the last change; undefined where there was none. */
  undo(present: T): T | undefined {
    return this.move(present, this.past, this.future)
  }

  redo(present: T): T | undefined {
    return this.move(present, this.future, this.past)
  }

  private move(present: T, from: T[], to: T[]): T | undefined {
    this.group = null
    const state = from.pop()
    if (state !== undefined) to.push(present)
    return state
  }
}
