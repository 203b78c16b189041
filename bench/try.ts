// Scratch: trains a configuration for some minutes and prints the curve.
import { readFileSync } from 'node:fs'
import { loadDataset } from '../src/data/load.ts'
import { bitsOf } from '../src/ddn/config.ts'
import { trainSchema } from '../src/train/config.ts'
import { Trainer } from '../src/train/trainer.ts'
const config = trainSchema.parse(JSON.parse(process.argv[2].startsWith('{') ? process.argv[2] : readFileSync(process.argv[2], 'utf8')))
const data = await loadDataset(config.data)
const t = await Trainer.create(config, data.train, { threads: 2 })
console.log('bits', bitsOf(config.network), 'params', t.layout.size)
let next = Number(process.env.EVERY ?? 30)
let ev = 0
while (!t.done) {
  const r = await t.advance()
  ev += r.events.length
  if (r.seconds >= next || t.done) {
    next += Number(process.env.EVERY ?? 30)
    const e = await t.evaluate(data.test, 2000)
    const u = t.usage()
    console.log(`${r.seconds.toFixed(0)} s step ${r.step} ${(r.images / r.seconds).toFixed(0)} img/s loss ${r.loss.toFixed(4)} last ${r.losses.at(-1)!.toFixed(4)} norm ${r.norm.toFixed(3)} mse ${e.mse.toFixed(5)} events ${ev} dead ${u.reduce((a, b) => a + b.dead, 0)} entropy ${u.map(x => x.entropy.toFixed(1)).join(' ')}`)
  }
}
const e = await t.evaluate(data.test)
console.log('FINAL', e.mse.toFixed(5), e.count, e.losses.map(x => x.toFixed(4)).join(' '), 'rss', Math.round(process.resourceUsage().maxRSS / 1e3))
