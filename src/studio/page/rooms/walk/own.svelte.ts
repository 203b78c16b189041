// A picture of one's own: its codes, and with them the way to it.

import type { Remote } from 'comlink'
import type { Brought, Encoded, WalkWorker } from '../../../workers/walk.ts'
import { sentence } from '../../lib/sentence.ts'

/** Of one network: with another one comes another of these. */
export class OwnPicture {
  found = $state.raw<Encoded | null>(null)
  encoding = $state(false)
  error = $state('')

  private over = false

  /** @param goTo  flies to the node of a path */
  constructor(
    private readonly api: Remote<WalkWorker>,
    private readonly goTo: (path: readonly number[]) => Promise<void>,
  ) {}

  close(): void {
    this.over = true
  }

  /** Seeks the picture of a file; of one that the studio saved, gives the query string that says what to show. */
  bring(file: File): Promise<string | null> {
    return this.seek(() => this.api.bring(file))
  }

  /** @param image  [c, s, s] in [−1, 1] */
  async draw(image: Float32Array): Promise<void> {
    await this.seek(async () => ({ encoded: await this.api.encode(image) }))
  }

  private async seek(work: () => Promise<Brought>): Promise<string | null> {
    this.error = ''
    this.encoding = true
    try {
      const brought = await work()
      if (this.over) return null
      if ('recipe' in brought) return brought.recipe
      this.found = brought.encoded
      await this.goTo(brought.encoded.path)
    } catch (error) {
      this.error = sentence(error)
    } finally {
      this.encoding = false
    }
    return null
  }
}
