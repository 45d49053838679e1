// Owns the few statistics of the report: medians, their spread, and ratios within one repetition.

/** @typedef {{ repetition: number, subject: string, values: any }} Sample */
/** @typedef {{ median: number, min: number, max: number, count: number }} Spread */

/** @param {readonly unknown[]} values What is not a finite number does not count. @returns {Spread | null} */
export function spread(values) {
  const known = values.filter(Number.isFinite).toSorted((a, b) => a - b)
  if (known.length === 0) return null
  const half = Math.floor(known.length / 2)
  const median = known.length % 2 === 1 ? known[half] : (known[half - 1] + known[half]) / 2
  return { median, min: known[0], max: known.at(-1), count: known.length }
}

/** @param {readonly Sample[]} samples @param {string} subject @param {(values: any) => unknown} figure */
export function spreadOf(samples, subject, figure) {
  return spread(samples.filter((sample) => sample.subject === subject).map(({ values }) => figure(values)))
}

/**
 * The same sum in every repetition: what slowed the machine then slowed all that is compared.
 * @param {readonly Sample[]} samples
 * @param {(of: (subject: string) => any) => unknown} figure Gets a subject's values in that repetition.
 * @returns {Spread | null}
 */
export function paired(samples, figure) {
  const repetitions = [...new Set(samples.map(({ repetition }) => repetition))]
  return spread(
    repetitions.map((repetition) => {
      const own = new Map(
        samples
          .filter((sample) => sample.repetition === repetition)
          .map(({ subject, values }) => [subject, values]),
      )
      try {
        return figure((subject) => {
          if (!own.has(subject)) throw new MissingSample()
          return own.get(subject)
        })
      } catch (error) {
        if (error instanceof MissingSample) return null
        throw error
      }
    }),
  )
}

class MissingSample extends Error {}
