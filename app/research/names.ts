/**
 * Owns the names documents are shown and cited by. Apart from the corpus, so that the page can use it without
 * loading the search.
 */

/** Names fit for display, each once: control and direction signs out, repeats numbered. */
export function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  const repeats = new Map<string, number>()
  return names.map((name) => {
    const clean =
      name
        .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
        .trim()
        .slice(0, 200)
        .replace(/[\ud800-\udbff]$/, '') || 'untitled'
    const dot = clean.lastIndexOf('.')
    const cut = dot > 0 ? dot : clean.length
    let candidate = clean
    for (let count = repeats.get(clean) ?? 1; taken.has(candidate);) {
      count += 1
      repeats.set(clean, count)
      candidate = `${clean.slice(0, cut)} (${count})${clean.slice(cut)}`
    }
    taken.add(candidate)
    return candidate
  })
}
