// From a run to what its gallery shows: every task in turn, and what could not be done.

import type { Dataset } from '../data/dataset.ts'
import { loadDataset } from '../data/load.ts'
import { permutation, random } from '../data/rng.ts'
import { type EditRequest, type EditResult, editAs } from '../eval/editing.ts'
import { type GuideName, parseGuideSpec, type ReadFile } from '../guides/index.ts'
import { fileReader } from '../guides/judge-files.ts'
import type { Shown } from '../guides/shown.ts'
import type { FolderRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import type { GalleryContents, GalleryRow, GalleryTask, LeftOut } from './gallery-contents.ts'
import { judgesFor, missingJudge } from './gallery-judges.ts'
import { overlayPng, strokesOverlay } from './gallery-strokes.ts'
import { columnsOf, type Judges, requestOf, type Task, type TaskContext } from './gallery-task.ts'
import { tasks } from './gallery-tasks.ts'
import { dataUris } from './pictures.ts'

export interface GalleryOptions {
  /** The run's path, as commands are to name it. */
  name: string
  /** Default: what the run was trained on. */
  data?: string
  /** Default: those that come with the package for the data. */
  judges?: readonly string[]
  texts?: readonly string[]
  /** Pictures beside each other. */
  columns: number
  seed: number
  /** Where the strokes will be written; until then they are read from memory. */
  overlay: string
  /** The command that carries out a request. */
  commandOf(request: EditRequest): string
  /** Called before every task. */
  onTask?(title: string, index: number, count: number): void
  onNote?(note: string): void
  signal?: AbortSignal
}

/** Carries out all tasks; what fails is left out, with the reason. */
export async function gatherGallery(
  run: FolderRun,
  options: GalleryOptions,
): Promise<{ contents: GalleryContents; overlay: Uint8Array }> {
  const { name, commandOf, onTask, onNote, signal } = options
  const { model, config, step } = run
  const { channels, size, condition } = model.config
  const started = performance.now()
  const data = options.data ?? config.data
  const dataset = await loadDataset(data, { size, channels })
  const context = await contextOf(run, dataset, { ...options, data })
  const overlay = overlayPng(strokesOverlay(channels))
  const files = fileReader()
  const readFile: ReadFile = async path => (path === options.overlay ? overlay : files(path))
  const done: GalleryTask[] = []
  const { able, leftOut } = tasksFor(context, dataset, name)
  for (const [i, task] of able.entries()) {
    signal?.throwIfAborted()
    onTask?.(task.title, i, able.length)
    const request = requestOf(task, context)
    try {
      const result = await editAs(model, request, { readFile, load: async () => dataset, onNote, signal })
      done.push(shownTask(task, context, request, result, commandOf(request), dataset))
    } catch (error) {
      if (signal?.aborted) throw error
      const reason = (error as Error).message
      onNote?.(`${task.title} is left out: ${reason}`)
      leftOut.push({ id: task.id, title: task.title, reason, todo: [] })
    }
  }
  const contents: GalleryContents = {
    run: name,
    step,
    trained: config.data,
    data,
    size,
    channels,
    layers: model.layers.length,
    condition: condition?.kind ?? null,
    pictures: context.pictures,
    seed: context.seed,
    tasks: done,
    leftOut,
    seconds: (performance.now() - started) / 1000,
    version: VERSION,
    written: new Date(),
  }
  return { contents, overlay }
}

/** What the run's tasks are made from: pictures drawn from the test images, and judges that are there. */
async function contextOf(
  { model, config }: FolderRun,
  { test }: Dataset,
  { data, judges, texts, columns, seed, overlay, onNote }: GalleryOptions & { data: string },
): Promise<TaskContext> {
  if (test.count < columns) onNote?.(`${data} has ${test.count} test images, so there are no more columns`)
  // Drawn, for neighbours are often alike.
  const drawn = permutation(test.count, random(seed, 'gallery')).subarray(0, columns)
  const pictures = Array.from(drawn).sort((a, b) => a - b)
  const { runtime } = model
  const asked = await judgesFor(judges ?? null, texts ?? null, { data: config.data, columns, runtime })
  const labels = test.labels ? pictures.map(index => test.labels![index]) : null
  const { channels, condition } = model.config
  return { channels, data, pictures, labels, seed, ...asked, overlay, condition }
}

/** The tasks that can be tried, and those that lack something; what a condition takes is nothing without. */
function tasksFor(context: TaskContext, dataset: Dataset, run: string) {
  const able: Task[] = []
  const leftOut: LeftOut[] = []
  for (const task of tasks) {
    if (task.needs?.endsWith('condition') && !hasCondition(task, context)) continue
    const missing = missingFor(task, context, run, dataset)
    if (missing) leftOut.push({ id: task.id, title: task.title, ...missing })
    else able.push(task)
  }
  return { able, leftOut }
}

function hasCondition({ needs }: Task, { condition }: TaskContext): boolean {
  if (!condition) return false
  return needs === 'condition' || (needs === 'class condition') === (condition.kind === 'class')
}

/** Why a task cannot be done, and what to do about it; null: it can. */
function missingFor(
  { needs, id }: Task,
  { channels, judges, texts, data }: TaskContext,
  run: string,
  { test }: Dataset,
): Omit<LeftOut, 'id' | 'title'> | null {
  if (needs === 'colour' && channels === 1)
    return {
      reason: 'The network paints grey images; colours take one that was trained on pictures with colours.',
      todo: ['npx coppice train --data emoji --out runs/emoji', 'npx coppice gallery runs/emoji'],
    }
  if (isJudge(needs) && !judges[needs]) {
    const known = { data, labels: test.labels !== undefined, texts: test.texts !== undefined }
    return missingJudge(needs, run, known)
  }
  if (id === 'text' && texts.length === 0)
    return { reason: 'The judge knows none of the usual texts; give others with --text.', todo: [] }
  return null
}

/** Whether what a task needs is a judge. */
const isJudge = (needs: Task['needs']): needs is keyof Judges =>
  needs === 'classes' || needs === 'texts' || needs === 'likeness' || needs === 'features'

/** What the page says of a task's results. */
function shownTask(
  task: Task,
  context: TaskContext,
  { count, each = 1, guides }: EditRequest,
  { images, source, shown, told, errors, seconds }: EditResult,
  command: string,
  { channels, size, classes }: Dataset,
): GalleryTask {
  const columns = columnsOf(task, context)
  const uris = (data: Float32Array) =>
    dataUris({ data, count: data.length / (channels * size * size), channels, size })
  const results = uris(images)
  const rows: GalleryRow[] = []
  const add = (name: string, { pictures, words }: Shown, names?: readonly string[]) => {
    if (pictures) rows.push({ name, cells: uris(pictures).map(picture => ({ picture })) })
    if (words) rows.push({ name, cells: words.map(word => ({ word: names?.[Number(word)] ?? word })) })
  }
  const specs = parseGuideSpec(guides).guides
  if (told) add('told', told, classes)
  shown.forEach((one, i) => {
    // Below a picture that is known as a whole it need not stand again.
    const { guide } = specs[i]
    if (guide !== 'reconstruct')
      add(toldAs[guide], one, guide === 'class' ? context.judges.classes?.names : undefined)
  })
  return {
    id: task.id,
    group: task.group,
    title: task.title,
    about: task.about,
    columns,
    told: rows,
    // Result after result of a column, as rows.
    results: Array.from({ length: count }, (_, i) =>
      each > 1 ? results[(i % columns) * each + Math.floor(i / columns)] : results[i],
    ),
    truth: task.truth && source ? uris(source) : null,
    error: { of: task.error, mean: errors.reduce((a, b) => a + b) / errors.length },
    count,
    seconds,
    command,
  }
}

/** What a guide was told, in a word. */
const toldAs: Record<GuideName, string> = {
  reconstruct: 'picture',
  'super-resolve': 'means',
  inpaint: 'known',
  colourise: 'greys',
  denoise: 'noisy',
  'low-bit': 'one bit',
  edges: 'edges',
  style: 'style of',
  similar: 'like',
  class: 'class',
  text: 'text',
  strokes: 'paint',
}
