// The numbers of a curve: as many as can be seen, however long the run.

/** Values kept at most: when there are more, every second one goes. */
const most = 1000

/** Rows of x and some y, in the order in which they came. */
export class History {
  /** x, then each y, all of one length. */
  readonly columns: (number | null)[][]
  private every = 1
  private seen = 0

  constructor(width: number) {
    this.columns = Array.from({ length: width + 1 }, () => [])
  }

  /** @param row  x and each y; null where there is none */
  add(...row: (number | null)[]) {
    if (this.seen++ % this.every !== 0) return
    this.columns.forEach((column, i) => {
      column.push(row[i] ?? null)
    })
    if (this.columns[0].length < most) return
    this.every *= 2
    for (const column of this.columns) {
      let kept = 0
      for (let i = 0; i < column.length; i += 2) column[kept++] = column[i]
      column.length = kept
    }
  }

  clear() {
    for (const column of this.columns) column.length = 0
    this.every = 1
    this.seen = 0
  }
}
