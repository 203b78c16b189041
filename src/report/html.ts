/** HTML that cannot be broken into: a template in which every value is escaped unless it is HTML already. */

/** Text that is HTML, made by `html` or vouched for by `raw`. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text
  }
}

export type Value = Html | string | number | null | undefined | false | readonly Value[]

/** html`<p title="${title}">${text}</p>`: null, undefined and false leave nothing, lists are joined. */
export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  return new Html(parts.reduce((text, part, i) => text + render(values[i - 1]) + part))
}

/** Text that the caller knows to be HTML. */
export function raw(text: string): Html {
  return new Html(text)
}

/** Safe as text and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

function render(value: Value): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.text
  if (Array.isArray(value)) return value.map(render).join('')
  return escapeHtml(String(value))
}
