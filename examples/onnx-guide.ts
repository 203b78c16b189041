// An ONNX model of one's own as a judge: what it is called, what it wants to see and how its answer is read; then it
// steers. This one is the digit classifier that comes with Coppice, together with a mask: a nine with this lower half.
//
//   npx tsx examples/onnx-guide.ts [a run of digits] [label] [picture]

import { writeFileSync } from 'node:fs'
import {
  classGuide,
  combine,
  digits,
  encodePng,
  fileReader,
  grid,
  inpaint,
  modelsFolder,
  namedMask,
  openJudge,
  openRun,
  toFloat,
} from 'coppice'

const [model = 'digits', label = '9', file = 'guided.png'] = process.argv.slice(2)
const run = await openRun(model)

const judge = await openJudge(
  {
    format: 'coppice-judge-1',
    model: 'classifier.onnx',
    input: { name: 'images', size: 32, channels: 1, layout: 'NCHW', range: [-1, 1] },
    output: { name: 'logits', read: 'logits', classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] },
  },
  fileReader(modelsFolder()),
)

const { test } = await digits({ limit: 10 })
const picture = { images: toFloat(test, [0]), channels: 1, size: 32 }
const guide = combine([classGuide(judge, Number(label)), inpaint(picture, namedMask('top', 32))])
const { images, parts } = await run.edit({ guide, count: 8, pick: { rule: 'top', of: 2 }, candidates: 64 })
for (const { name, errors } of parts)
  console.log(`${name}: mean error ${(errors.reduce((a, b) => a + b) / errors.length).toFixed(4)}`)

const sheet = grid(images, { count: 8, channels: 1, size: 32, columns: 8, scale: 2 })
writeFileSync(file, encodePng(sheet, { label, seed: '0' }))
console.log(`eight of them: ${file}`)
await judge.close()
await run.close()
