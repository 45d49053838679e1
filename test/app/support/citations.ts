// Checks a report's citations against the documents, from the outside: by what the lines say.
import { expect } from 'vitest'
import type { Place } from '../../../app/research/findings.ts'
import { words } from '../../../app/research/words.ts'
import type { FinishedResearch, Text } from './research.ts'

/** `[n]` as the report has them, and the places its list gives them. */
export function sourcesOf(report: string): Map<string, { file: string; line: number; endLine: number }> {
  const list = report.split('\n## Sources\n')[1] ?? ''
  const sources = new Map<string, { file: string; line: number; endLine: number }>()
  for (const [, number, file, line, endLine] of list.matchAll(
    /^- \[(\d+)\] (.*), lines? (\d+)(?:–(\d+))?$/gm,
  )) {
    sources.set(`[${number}]`, {
      file: (file ?? '').replace(/\\([^\p{L}\p{N}])/gu, '$1'),
      line: Number(line),
      endLine: Number(endLine ?? line),
    })
  }
  return sources
}

/** Every citation has a source, every source is cited, and every quoted sentence stands where it says. */
export function expectCitationsHold(finished: FinishedResearch, documents: readonly Text[]): void {
  const { report, review } = finished
  const sources = sourcesOf(report)
  const body = report.split('\n## Sources\n')[0] ?? ''
  const cited = new Set(body.match(/(?<!\\)\[\d+\]/g) ?? [])
  expect([...cited].toSorted()).toEqual([...sources.keys()].toSorted())
  expect([...sources.values()].map(({ file }) => file)).toEqual(
    [...sources.values()].map(({ file }) => documents.find(({ name }) => name === file)?.name),
  )

  const quoted = [...(review?.accepted ?? []), ...(review?.disputed.flatMap(({ claims }) => claims) ?? [])]
  for (const place of quoted.flatMap((finding): Place[] => [finding, ...finding.also])) {
    const text = documents.find(({ name }) => name === place.file)?.text ?? ''
    const there = text.split(/\r\n|\n|\r/).slice(place.line - 1, place.endLine)
    expect(holds(words(there.join('\n')), words(place.sentence)), `${place.file}:${place.line}`).toBe(true)
  }
}

/** All of `some`, in order; markup may stand between. */
function holds(all: readonly string[], some: readonly string[]): boolean {
  let at = 0
  for (const word of all) if (word === some[at]) at += 1
  return at === some.length
}
