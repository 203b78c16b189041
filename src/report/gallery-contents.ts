// What a gallery shows: made from results, shown by the page, with nothing of the network in it.

import type { Condition } from '../ddn/condition.ts'
import type { TaskGroup } from './gallery-task.ts'

export interface GalleryContents {
  /** The run's path, as its commands name it. */
  run: string
  step: number
  /** What the network learned to draw, and where the pictures come from. */
  trained: string
  data: string
  size: number
  channels: 1 | 3
  /** Choices of an image. */
  layers: number
  /** What the network is told; null: nothing. */
  condition: Condition['kind'] | null
  /** Numbers of the pictures in the data's test images. */
  pictures: readonly number[]
  seed: number
  tasks: readonly GalleryTask[]
  leftOut: readonly LeftOut[]
  seconds: number
  version: string
  written: Date
}

/** One task with its results. */
export interface GalleryTask {
  id: string
  group: TaskGroup
  title: string
  about: string
  /** Beside each other. */
  columns: number
  /** What was told, from top to bottom: one cell for all results, or one above every column. */
  told: readonly GalleryRow[]
  /** Row by row, PNG files as data URIs. */
  results: readonly string[]
  /** What was hidden: one for all, or one below every column; null where there is none. */
  truth: readonly string[] | null
  /** What the guide's error is, and its mean over the results. */
  error: { of: string; mean: number }
  count: number
  seconds: number
  /** What makes the results again. */
  command: string
}

export interface GalleryRow {
  /** `known`, `class` … */
  name: string
  /** PNG files as data URIs, or words. */
  cells: readonly ({ picture: string } | { word: string })[]
}

/** A task that could not be done. */
export interface LeftOut {
  id: string
  title: string
  reason: string
  /** Commands that would change that. */
  todo: readonly string[]
}
