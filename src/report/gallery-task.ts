// A task of a gallery: what it asks of a guide, and the request that this becomes for a run.

import { type Condition, classCount } from '../ddn/condition.ts'
import type { EditRequest } from '../eval/editing.ts'
import type { GuideSpecInput } from '../guides/index.ts'

/** What the tasks of a run are made from. */
export interface TaskContext {
  channels: 1 | 3
  data: string
  /** Numbers of test images: one for each column. */
  pictures: readonly number[]
  /** Their labels, where they are known. */
  labels: readonly number[] | null
  seed: number
  judges: Judges
  texts: readonly string[]
  /** The file of the strokes. */
  overlay: string
  /** What the network is told. */
  condition?: Condition
}

/** Judges by what they can be asked. */
export interface Judges {
  /** Which class an image is of; the names of the first few. */
  classes?: { file: string; names: readonly string[] }
  /** Whether a text fits it. */
  texts?: { file: string }
  /** Whether it is like another. */
  likeness?: { file: string }
  /** Which textures it has. */
  features?: { file: string }
}

export type TaskGroup =
  | 'The whole picture'
  | 'Less than the picture'
  | 'Part of the picture'
  | 'No picture'
  | 'Several guides at once'
  | 'Many answers'
  | 'Told and guided'

export interface Task {
  id: string
  group: TaskGroup
  title: string
  about: string
  /** What the guide's error is. */
  error: string
  /** What there is a column for; `chance`: nothing, only other random choices. */
  columns: 'pictures' | 'classes' | 'texts' | 'conditions' | 'chance'
  /** Results of every column. */
  rows: number
  /** A picture that serves all columns, where these are no pictures. */
  onePicture?: true
  /** Where the results can be compared with what was hidden. */
  truth?: true
  /** Nothing is left to chance: the best candidate is taken. */
  best?: true
  /** A guide that sees candidates is shown so many of each layer. */
  blackBox?: true
  strictness?: readonly number[]
  /** A network that is told of pictures is told of the first, whichever the guide goes by. */
  toldFirst?: true
  /** What it cannot do without. */
  needs?: 'colour' | 'condition' | 'class condition' | 'picture condition' | keyof Judges
  guides(context: TaskContext): GuideSpecInput
}

/** Candidates of a layer that black boxes see. */
const SHOWN = 64

/** Classes beside each other, at most. */
export const MOST = 10

/** The request of a task. */
export function requestOf(task: Task, context: TaskContext): EditRequest {
  const images = imagesOf(task, context)
  const condition = toldOf(task, context)
  return {
    guides: task.guides(context),
    ...(images && { source: { data: context.data, split: 'test' as const, images } }),
    count: columnsOf(task, context) * task.rows,
    ...(task.columns !== 'chance' && task.rows > 1 && { each: task.rows }),
    seed: context.seed,
    pick: task.best ? { rule: 'best' } : { rule: 'top', of: 2 },
    beam: 1,
    ...(task.strictness && { strictness: task.strictness }),
    ...(task.blackBox && { candidates: SHOWN }),
    ...(condition !== undefined && { condition }),
  }
}

/** Results beside each other. */
export function columnsOf({ columns }: Task, { pictures, judges, texts, condition }: TaskContext): number {
  if (columns === 'classes') return judges.classes!.names.length
  if (columns === 'texts') return texts.length
  if (columns === 'conditions') return condition?.kind === 'class' ? Math.min(MOST, classCount(condition)) : 0
  return pictures.length
}

/** The pictures that a task goes by. */
function imagesOf(task: Task, context: TaskContext): readonly number[] | null {
  const { pictures, condition } = context
  if (task.columns === 'pictures') return pictures
  if (task.onePicture) return [pictures[Math.floor(pictures.length / 2)]]
  // What the network is told is named by its number in the same data.
  return condition && condition.kind !== 'class' ? [pictures[0]] : null
}

/** What a conditional network is told, where it is not what the pictures show. */
function toldOf(task: Task, context: TaskContext): string | undefined {
  const { condition, pictures, labels, judges } = context
  const list = (count: number) => Array.from({ length: count }, (_, i) => i).join(',')
  const shown = task.columns === 'pictures' || task.onePicture
  if (!condition) return undefined
  if (condition.kind !== 'class') return shown && !task.toldFirst ? undefined : String(pictures[0])
  if (task.columns === 'conditions') return list(columnsOf(task, context))
  // The judge and the network are to mean the same class.
  const names = judges.classes?.names.length ?? 0
  if (task.columns === 'classes' && names <= classCount(condition)) return list(names)
  return shown ? undefined : String(labels?.[0] ?? 0)
}
