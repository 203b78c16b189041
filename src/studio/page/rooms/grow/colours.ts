// The page's colours for what is painted on a canvas, by day and by night.

export interface Colours {
  text: string
  quiet: string
  line: string
  panel: string
  faint: string
  leaf: string
  bark: string
  sky: string
}

/** The colours of style.css as they are now, `rgb(…)`. */
export function coloursNow(): Colours {
  const probe = document.body.appendChild(document.createElement('span'))
  const resolved = (name: string) => {
    probe.style.color = `var(--${name})`
    return getComputedStyle(probe).color
  }
  const names = ['text', 'quiet', 'line', 'panel', 'faint', 'leaf', 'bark', 'sky'] as const
  const colours = Object.fromEntries(names.map(name => [name, resolved(name)]))
  probe.remove()
  return colours as unknown as Colours
}

/** Calls when day becomes night, until the returned function is called. */
export function onNight(change: () => void): () => void {
  const night = matchMedia('(prefers-color-scheme: dark)')
  night.addEventListener('change', change)
  return () => night.removeEventListener('change', change)
}

/** The red, green and blue of `rgb(…)`. */
export function channelsOf(colour: string): [red: number, green: number, blue: number] {
  const [red, green, blue] = (colour.match(/[\d.]+/g) ?? ['0', '0', '0']).map(Number)
  return [red, green, blue]
}
