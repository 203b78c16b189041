/** What the families' parts of a report are made from, and what they give. */

import { relative } from 'node:path'
import type { Images } from '../data/dataset.ts'
import type { AnyFolderRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import type { OwnContents } from './contents.ts'
import type { History } from './history.ts'

/** What a family's part is made from. */
export interface Material {
  /** Missing where the data could not be read. */
  test?: Images
  seed: number
  history: History
}

/** What only a family has to show: on the page, and as pictures beside it. */
export interface Own {
  contents: OwnContents
  /** PNG files by name. */
  sheets?: Record<string, Uint8Array>
}

/** The run folder as a shell finds it from here. */
export function pathOf({ dir }: Pick<AnyFolderRun, 'dir'>): string {
  return relative(process.cwd(), dir) || '.'
}

/** What every picture tells of where it comes from. */
export function recipeOf(run: Pick<AnyFolderRun, 'dir' | 'step'>): Record<string, string> {
  return { Software: `coppice ${VERSION}`, run: pathOf(run), step: String(run.step) }
}
