// What a gallery shows, as a table: each task with what it asks of a guide.

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

const inpainting = (mask: string, title: string, about: string): Task => ({
  id: `inpaint-${mask}`,
  group: 'Part of the picture',
  title,
  about,
  error: 'mean squared error of what is known',
  columns: 'pictures',
  rows: 2,
  truth: true,
  guides: () => ({ guide: 'inpaint', mask }),
})

export const tasks: readonly Task[] = [
  {
    id: 'reconstruct',
    group: 'The whole picture',
    title: 'Reconstruction',
    about:
      'At every choice the candidate nearest to the picture is taken: what the network can say of it in all its bits.',
    error: 'mean squared error',
    columns: 'pictures',
    rows: 1,
    best: true,
    truth: true,
    guides: () => ({ guide: 'reconstruct' }),
  },
  {
    id: 'super-resolve',
    group: 'Less than the picture',
    title: 'Super-resolution, 4 ×',
    about: 'Only means over areas of 4 × 4 pixels are known.',
    error: 'mean squared error of the means',
    columns: 'pictures',
    rows: 2,
    truth: true,
    guides: () => ({ guide: 'super-resolve', factor: 4 }),
  },
  {
    id: 'colourise',
    group: 'Less than the picture',
    title: 'Colours for a grey picture',
    about: 'Only how light each pixel is, is known.',
    error: 'mean squared error of the luminance',
    columns: 'pictures',
    rows: 2,
    truth: true,
    needs: 'colour',
    guides: () => ({ guide: 'colourise' }),
  },
  {
    id: 'denoise',
    group: 'Less than the picture',
    title: 'Denoising',
    about:
      'Normal noise of deviation 0.53 lies over the picture. The guide wants the noisy picture itself, which the network cannot draw.',
    error: 'mean squared error against the noisy picture, at best that of the noise',
    columns: 'pictures',
    rows: 2,
    truth: true,
    guides: () => ({ guide: 'denoise' }),
  },
  {
    id: 'low-bit',
    group: 'Less than the picture',
    title: 'One bit per value',
    about: 'Each value is rounded to black or white.',
    error: 'mean squared error against the rounded picture',
    columns: 'pictures',
    rows: 2,
    truth: true,
    guides: () => ({ guide: 'low-bit', levels: 2 }),
  },
  {
    id: 'edges',
    group: 'Less than the picture',
    title: 'Edges',
    about:
      'Only how steep each place is, is known: not what lies between the edges, nor which side is darker.',
    error: 'mean squared error of the steepness',
    columns: 'pictures',
    rows: 2,
    truth: true,
    blackBox: true,
    guides: () => ({ guide: 'edges' }),
  },
  {
    id: 'style',
    group: 'Less than the picture',
    title: 'Style',
    about: 'Which textures and colours occur together is wanted, wherever they are.',
    error: 'relative distance of the Gram matrices',
    columns: 'pictures',
    rows: 2,
    blackBox: true,
    guides: ({ judges }) => ({ guide: 'style', ...(judges.features && { judge: judges.features.file }) }),
  },
  {
    id: 'similar',
    group: 'Less than the picture',
    title: 'Like the picture to a judge',
    about: 'Wanted is an image whose embedding points where that of the picture does.',
    error: '1 − cosine',
    columns: 'pictures',
    rows: 2,
    blackBox: true,
    needs: 'likeness',
    guides: ({ judges }) => ({ guide: 'similar', judge: judges.likeness!.file }),
  },
  inpainting('left', 'Left half missing', 'Only the right half is known.'),
  inpainting('bottom', 'Lower half missing', 'Only the upper half is known.'),
  inpainting('centre', 'Centre missing', 'All but a square in the middle is known.'),
  inpainting('checkerboard', 'Every other field missing', 'Half of the fields of a chess board are known.'),
  inpainting('letter', 'A letter over it', 'All but what the letter A covers is known.'),
  {
    id: 'class',
    group: 'No picture',
    title: 'A class',
    about: 'A classifier looks at candidates, and the one that it finds most like the class is taken.',
    error: '1 − the probability of the class',
    columns: 'classes',
    rows: 3,
    blackBox: true,
    needs: 'classes',
    guides: ({ judges: { classes } }) => ({
      guide: 'class',
      judge: classes!.file,
      label: classes!.names.map((_, i) => i),
    }),
  },
  {
    id: 'certain',
    group: 'No picture',
    title: 'Any class, for certain',
    about: 'The classifier is to be sure, of whatever class.',
    error: '1 − the largest probability',
    columns: 'chance',
    rows: 2,
    blackBox: true,
    needs: 'classes',
    guides: ({ judges }) => ({ guide: 'class', judge: judges.classes!.file, certain: true }),
  },
  {
    id: 'text',
    group: 'No picture',
    title: 'A text',
    about: 'A judge of images and texts looks at candidates, and the one that the text fits best is taken.',
    error: '1 − cosine',
    columns: 'texts',
    rows: 3,
    blackBox: true,
    needs: 'texts',
    guides: ({ judges, texts }) => ({ guide: 'text', judge: judges.texts!.file, text: [...texts] }),
  },
  {
    id: 'strokes',
    group: 'No picture',
    title: 'Brush strokes',
    about: 'Where there is paint the image is to have its colour; elsewhere it is free.',
    error: 'mean squared error under the paint',
    columns: 'chance',
    rows: 2,
    guides: ({ overlay }) => ({ guide: 'strokes', overlay }),
  },
  {
    id: 'several-linear',
    group: 'Several guides at once',
    title: 'A half, and the whole very small',
    about:
      'One guide knows the right half, the other means over areas of 8 × 8 pixels. Their ranks are added up.',
    error: 'mean of both errors',
    columns: 'pictures',
    rows: 2,
    truth: true,
    guides: () => ({
      guides: [
        { guide: 'inpaint', mask: 'left' },
        { guide: 'super-resolve', factor: 8 },
      ],
    }),
  },
  {
    id: 'several-colour',
    group: 'Several guides at once',
    title: 'The greys, and rough colours',
    about: 'One guide knows how light each pixel is, the other the mean colours of areas of 8 × 8 pixels.',
    error: 'mean of both errors',
    columns: 'pictures',
    rows: 2,
    truth: true,
    needs: 'colour',
    guides: () => ({ guides: [{ guide: 'colourise' }, { guide: 'super-resolve', factor: 8 }] }),
  },
  {
    id: 'several-class',
    group: 'Several guides at once',
    title: 'One half, and every class',
    about: 'One guide knows the upper half of a picture, the other wants a class.',
    error: 'mean of both errors',
    columns: 'classes',
    rows: 2,
    onePicture: true,
    blackBox: true,
    needs: 'classes',
    guides: ({ judges: { classes } }) => ({
      guides: [
        { guide: 'inpaint', mask: 'bottom' },
        { guide: 'class', judge: classes!.file, label: classes!.names.map((_, i) => i) },
      ],
    }),
  },
  {
    id: 'diversity',
    group: 'Many answers',
    title: 'The same half, again and again',
    about:
      'Nothing but chance tells these results apart: which of the best two candidates is taken at each choice.',
    error: 'mean squared error of what is known',
    columns: 'chance',
    rows: 2,
    onePicture: true,
    truth: true,
    guides: () => ({ guide: 'inpaint', mask: 'bottom' }),
  },
  {
    id: 'told',
    group: 'Told and guided',
    title: 'Told alone',
    about: 'The network knows a condition from its training. Here no guide has a say: all else is chance.',
    error: 'mean squared error against the picture that the condition is of',
    columns: 'pictures',
    rows: 2,
    strictness: [0],
    truth: true,
    needs: 'condition',
    guides: () => ({ guide: 'reconstruct' }),
  },
  {
    id: 'told-classes',
    group: 'Told and guided',
    title: 'One half, told every class',
    about: 'A guide knows the upper half of a picture; the network is told a class.',
    error: 'mean squared error of what is known',
    columns: 'conditions',
    rows: 2,
    onePicture: true,
    needs: 'class condition',
    guides: () => ({ guide: 'inpaint', mask: 'bottom' }),
  },
  {
    id: 'told-other',
    group: 'Told and guided',
    title: 'Told one picture, guided by others',
    about:
      'The network is told of one picture, and a guide wants the mean values that areas of 8 × 8 pixels have in another.',
    error: 'mean squared error of the means',
    columns: 'pictures',
    rows: 2,
    toldFirst: true,
    needs: 'picture condition',
    guides: () => ({ guide: 'super-resolve', factor: 8 }),
  },
]

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
