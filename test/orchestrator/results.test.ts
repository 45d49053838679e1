import { describe, expect, it } from 'vitest'
import { agent, definition, harness, phase, throwing } from './support/harness.ts'

describe('The result of an agent', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['nothing', () => undefined, /Its result holds nothing/],
    ['null', () => null, /returned no result/],
    ['a text', () => 'done', /returned no result/],
    ['no output', () => ({ summary: 'x' }), /has no output/],
    ['no summary', () => ({ output: 1 }), /summary of its result is not a text/],
    ['a summary that is none', () => ({ output: 1, summary: {} }), /summary of its result is not a text/],
    ['a text that is none', () => ({ output: 1, summary: '', text: 5 }), /text of its result is not a text/],
    ['a function', () => ({ output: () => {}, summary: '' }), /holds a function/],
    ['a date', () => ({ output: new Date(), summary: '' }), /holds an instance of Date/],
    ['not a number', () => ({ output: Number.NaN, summary: '' }), /the number NaN/],
    ['far too much', () => ({ output: 'x'.repeat(3_000_000), summary: '' }), /3000000 characters/],
    [
      'a trap',
      () => Object.defineProperty({}, 'output', { enumerable: true, get: throwing('trap') }),
      /what cannot be read/,
    ],
    ['a thrown text', throwing('broken'), /^broken$/],
    ['a thrown nothing', throwing(undefined), /threw undefined/],
    ['a thrown object', throwing({ code: 7 }), /\{"code":7\}/],
    ['a thrown symbol', throwing(Symbol('s')), /threw symbol/],
    ['a rejection with nothing', () => Promise.reject(null), /threw null/],
    [
      'a trap as error',
      throwing(Object.defineProperty(new Error('x'), 'message', { get: throwing('y') })),
      /unreadable/,
    ],
  ])('fails a child that gives back %s, with a clear error', async (_what, run, error) => {
    const { start, folded } = harness([agent('junk', run)])
    await start(definition([phase('a', { agentIds: ['junk'] })]))
    const child = folded().run('w1.a.1').run
    expect(child.status).toBe('failed')
    expect(child.error).toMatch(error)
    expect(folded().workflow('w1').workflow.status).toBe('failed')
  })

  it('shares nothing between agents that one of them could change', async () => {
    const vandal = agent('vandal', (_context, { input }) => {
      ;(input as { list: number[] }).list.push(2)
      return { output: null, summary: '' }
    })
    const { start, folded } = harness([vandal])
    await start(definition([phase('a', { agentIds: ['vandal', 'echo'] })]), { list: [1] })
    expect(folded().run('w1.a.1').run.status).toBe('failed')
    expect(folded().run('w1.a.2').run.output?.preview).toBe('{"list":[1]}')
  })

  it('cannot be changed by those it is handed to', async () => {
    const list = agent('list', () => ({ output: [{ n: 1 }], summary: '' }))
    const vandal = agent('vandal', (_context, { upstream }) => {
      const [result] = upstream['list'] ?? []
      const output = result?.output ?? []
      ;(output as { n: number }[]).push({ n: 2 })
      return { output: null, summary: '' }
    })
    const { start, folded } = harness([list, vandal])
    const after = { dependsOn: ['list'], agentIds: ['vandal'] }
    await start(definition([phase('list', { agentIds: ['list'] }), phase('a', after)]))
    expect(folded().run('w1.a.1').run.error).toMatch(/not extensible/)
  })
})
