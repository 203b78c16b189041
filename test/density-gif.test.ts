/** The animation of the 2-D experiment, read back by an independent decoder. */

import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { DensityRun } from '../src/ddn/density.ts'
import { densityGif, frameSteps } from '../src/report/gif.ts'

const run = new DensityRun({ target: 'words', nodes: 300 })
const frames = Array.from({ length: 5 }, () => {
  for (let i = 0; i < 40; i++) run.step()
  return { step: run.steps, nodes: run.nodes.slice() }
})
const gif = densityGif({ frames, density: run.density, target: 'words', klReal: 0.25, panel: 200 })

async function pixels(page: number): Promise<Buffer> {
  return sharp(gif, { page }).removeAlpha().raw().toBuffer()
}

describe('the animation', () => {
  it('has every frame, side by side panels, and holds the last', async () => {
    const { pages, width, pageHeight, delay, loop } = await sharp(gif, { pages: -1 }).metadata()
    expect(pages).toBe(5)
    expect(width).toBeGreaterThan(400)
    expect(pageHeight).toBeGreaterThan(200)
    expect(delay).toEqual([600, 80, 80, 80, 3500])
    expect(loop).toBe(0)
  })

  it('moves on the left and stands still on the right', async () => {
    const { width = 0 } = await sharp(gif).metadata()
    const [first, last] = [await pixels(0), await pixels(4)]
    let left = 0
    let right = 0
    for (let i = 0; i < first.length; i++) {
      if (first[i] === last[i]) continue
      if (Math.floor(i / 3) % width < width / 2) left++
      else right++
    }
    expect(left).toBeGreaterThan(1000)
    expect(right).toBe(0)
  })

  it('shows a node as light at its place', async () => {
    const one = { step: 1, nodes: Float32Array.of(0.25, 0.75) }
    const single = densityGif({ frames: [one], density: run.density, target: 'words', panel: 200 })
    const { data, info } = await sharp(single).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    const green = (x: number, y: number) => data[(y * info.width + x) * 3 + 1]
    // A panel starts 14 pixels from the left and 34 from the top.
    expect(green(14 + 50, 34 + 150)).toBeGreaterThan(100)
    expect(green(14 + 150, 34 + 50)).toBeLessThan(40)
  })

  it('needs a frame and a panel of some size', () => {
    expect(() => densityGif({ frames: [], density: run.density, target: 'words' })).toThrow(
      'at least one frame',
    )
    expect(() => densityGif({ frames, density: run.density, target: 'words', panel: 20 })).toThrow('20')
  })

  it('picks frames at growing intervals up to the last step', () => {
    const steps = frameSteps(1800)
    expect(steps.length).toBe(50)
    expect(steps.at(-1)).toBe(1800)
    const gaps = steps.slice(1).map((step, i) => step - steps[i])
    // Rounding to whole steps may shorten a gap by one.
    for (let i = 1; i < gaps.length; i++) expect(gaps[i]).toBeGreaterThanOrEqual(gaps[i - 1] - 1)
    expect(frameSteps(3)).toEqual([1, 2, 3])
  })
})
