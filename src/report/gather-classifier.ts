/** What a classifier's report shows: how well it knows each class, and the test images that it is most wrong about. */

import { type Images, toFloat } from '../data/dataset.ts'
import type { Classifier } from '../families/classifier/model.ts'
import { labelOf } from '../families/labels.ts'
import type { FolderRun } from '../train/run.ts'
import type { ClassifierContents } from './contents.ts'
import type { Material, Own } from './material.ts'
import { dataUris } from './pictures.ts'

/** Mistakes that a page has room for. */
const SHOWN = 24

export async function gatherClassifier(
  { model }: FolderRun<'classifier'>,
  { test }: Material,
): Promise<Own | null> {
  if (!test) return null
  const { classes } = model
  const said = await answers(model, test)
  const confusions = classes.map(() => new Map<number, number>())
  const wrong: number[] = []
  for (let i = 0; i < test.count; i++) {
    const row = confusions[labelOf(test, i, classes.length)]
    row.set(said[i].label, (row.get(said[i].label) ?? 0) + 1)
    if (said[i].label !== test.labels![i]) wrong.push(i)
  }
  const surest = wrong.sort((a, b) => said[b].probability - said[a].probability).slice(0, SHOWN)
  const { channels, size } = test
  const pictures = surest.length
    ? dataUris({ data: toFloat(test, surest), count: surest.length, channels, size })
    : []
  const contents: ClassifierContents = {
    model: 'classifier',
    classes: classes.map((name, label) => {
      const [other] = [...confusions[label]].filter(([k]) => k !== label).sort((a, b) => b[1] - a[1])
      return {
        name,
        count: [...confusions[label].values()].reduce((a, b) => a + b, 0),
        right: confusions[label].get(label) ?? 0,
        confusion: other && { name: classes[other[0]], count: other[1] },
      }
    }),
    count: test.count,
    wrong: wrong.length,
    mistakes: surest.map((image, i) => ({
      picture: { source: pictures[i], label: `test image ${image + 1}` },
      label: classes[test.labels![image]],
      said: classes[said[image].label],
      probability: said[image].probability,
    })),
  }
  return { contents }
}

/** The most probable class of every image, and its probability. */
async function answers(model: Classifier, test: Images) {
  const { length } = model.classes
  const said: { label: number; probability: number }[] = []
  // Some at a time: all the pixels of a test set as floats could fill the memory.
  const part = 1000
  for (let from = 0; from < test.count; from += part) {
    const indices = Int32Array.from({ length: Math.min(part, test.count - from) }, (_, i) => from + i)
    const probabilities = await model.classify(toFloat(test, indices))
    for (let i = 0; i < indices.length; i++) {
      const row = probabilities.subarray(i * length, (i + 1) * length)
      const probability = Math.max(...row)
      said.push({ label: row.indexOf(probability), probability })
    }
  }
  return said
}
