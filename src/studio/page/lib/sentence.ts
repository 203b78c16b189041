// Errors and notices as the page says them.

/** A message with a capital and a full stop; the name of a file that it begins with stays as it is. */
export function sentence(said: unknown): string {
  const message = typeof said === 'string' ? said : (said as Error).message
  const begun = message.replace(/^[a-z]+(?=[\s:,])/, word => word[0].toUpperCase() + word.slice(1))
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}
