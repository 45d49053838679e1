/** Owns how many wait for a person, in words. Beyond 99 the exact number helps nobody. */
export function needYou(waiting: number): { count: string; words: string } | null {
  if (waiting === 0) return null
  return { count: waiting > 99 ? '99+' : String(waiting), words: waiting === 1 ? 'needs you' : 'need you' }
}
