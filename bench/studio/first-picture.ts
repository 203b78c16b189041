// How long a first visit waits for a picture: from the navigation to the first canvas with more than one colour.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Runs, serveStudio } from '../../src/studio/server.ts'
import { launch } from './browser.ts'
import { markdown, median, setting } from './numbers.ts'

export interface FirstPictureOptions {
  rounds: number
}

const rooms = ['room=grow', 'room=grow&subject=images', 'room=walk', 'room=steer', 'room=compress']

declare global {
  interface Window {
    /** Milliseconds from the navigation to a first picture; 0 before it. */
    firstPicture: number
  }
}

export async function firstPicture({ rounds }: FirstPictureOptions): Promise<string> {
  const times = rooms.map((): number[] => [])
  let version = ''
  for (let round = 0; round < rounds; round++)
    for (const [i, room] of rooms.entries()) {
      const visited = await visit(room)
      times[i].push(visited.milliseconds)
      version = visited.version
    }
  const row = (room: string, i: number) => [
    `\`?${room}\``,
    median(times[i]).toFixed(0),
    Math.max(...times[i]).toFixed(0),
  ]
  return [
    `First picture of each room, ms from the navigation; ${rounds} rounds, each with a new server and a new profile.`,
    setting(`Chromium ${version}`),
    '',
    markdown(['room', 'median', 'worst'], rooms.map(row)),
  ].join('\n')
}

/** A server that has answered nothing yet, and a browser that knows nothing. */
async function visit(room: string): Promise<{ milliseconds: number; version: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-bench-'))
  const served = await serveStudio({ runs: await Runs.open(folder), port: 0 })
  const browser = await launch()
  try {
    const page = await browser.newPage()
    // tsx compiles functions within functions to calls of a helper that the page has not.
    await page.addInitScript('globalThis.__name = named => named')
    await page.addInitScript(watch)
    await page.goto(`${served.url}?${room}`)
    await page.waitForFunction(() => window.firstPicture > 0, null, { timeout: 60_000 })
    return { milliseconds: await page.evaluate(() => window.firstPicture), version: browser.version() }
  } finally {
    await browser.close()
    await served.close()
    await rm(folder, { recursive: true })
  }
}

/** Runs in the page before anything else: looks at every canvas in every frame. */
function watch() {
  window.firstPicture = 0
  const side = 48
  const small = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true })!
  const shows = (canvas: HTMLCanvasElement) => {
    if (!canvas.width || !canvas.height || !canvas.checkVisibility()) return false
    small.clearRect(0, 0, side, side)
    small.drawImage(canvas, 0, 0, side, side)
    const colours = new Uint32Array(small.getImageData(0, 0, side, side).data.buffer)
    return colours.some(colour => colour !== colours[0])
  }
  const look = () => {
    if ([...document.querySelectorAll('canvas')].some(shows)) window.firstPicture = performance.now()
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}
