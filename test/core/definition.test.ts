import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { validateDefinition } from '../../src/core/workflow/validateDefinition.ts'
import { upstreamOf } from '../../src/core/workflow/phaseGraph.ts'
import { definition, phase } from '../orchestrator/support/harness.ts'

const agents = new Set(['echo', 'planner', '__proto__'])

function errorsOf(value: unknown) {
  const checked = validateDefinition(value, agents)
  return checked.ok ? [] : checked.errors
}

const research = definition([
  phase('plan', { agentIds: ['planner'] }),
  phase('read', { dependsOn: ['plan'], forEach: 'plan' }),
  phase('check', { dependsOn: ['plan'], agentIds: ['echo', 'echo'] }),
  phase('write', { dependsOn: ['read', 'check'] }),
])

describe('A workflow definition', () => {
  it('is accepted as it is when nothing is wrong with it', () => {
    expect(validateDefinition(research, agents)).toEqual({ ok: true, definition: research })
  })

  it('loses what we do not know, and is a copy', () => {
    const given = { ...structuredClone(research), safetyTier: 'read_only' }
    const checked = validateDefinition(given, agents)
    expect(checked).toEqual({ ok: true, definition: research })
  })

  it.each<[string, unknown, object]>([
    ['unknownAgent', definition([phase('a', { agentIds: ['nobody'] })]), { phase: 'a', agentId: 'nobody' }],
    ['unknownDependency', definition([phase('a', { dependsOn: ['b'] })]), { phase: 'a', dependency: 'b' }],
    ['duplicatePhase', definition([phase('a'), phase('a'), phase('a')]), { phase: 'a' }],
    ['emptyPhase', definition([phase('a', { agentIds: [] })]), { phase: 'a' }],
    ['noPhases', definition([]), {}],
    ['cyclicDependency', definition([phase('a', { dependsOn: ['a'] })]), { cycle: ['a'] }],
    [
      'cyclicDependency',
      definition([
        phase('a', { dependsOn: ['b'] }),
        phase('b', { dependsOn: ['c'] }),
        phase('c', { dependsOn: ['a'] }),
        phase('d', { dependsOn: ['a'] }),
      ]),
      { cycle: ['a', 'b', 'c'], message: 'These phases wait for each other: a → b → c → a.' },
    ],
    ['invalidConcurrency', definition([phase('a')], { concurrency: 0 }), {}],
    ['invalidConcurrency', definition([phase('a')], { concurrency: 1.5 }), {}],
    ['invalidConcurrency', { ...definition([phase('a')]), concurrency: '2' }, {}],
    ['invalidMaxChildren', definition([phase('a')], { maxChildren: -1 }), {}],
    ['invalidMaxChildren', { ...definition([phase('a')]), maxChildren: undefined }, {}],
    ['invalidForEach', definition([phase('a'), phase('b', { forEach: 'a' })]), { phase: 'b', source: 'a' }],
    [
      'invalidForEach',
      definition([phase('a'), phase('b', { forEach: 'a', dependsOn: ['a'], agentIds: ['echo', 'echo'] })]),
      { phase: 'b', source: 'a' },
    ],
    [
      'invalidForEach',
      definition([
        phase('a', { agentIds: ['echo', 'echo'] }),
        phase('b', { forEach: 'a', dependsOn: ['a'] }),
      ]),
      { phase: 'b', source: 'a' },
    ],
    ['malformed', null, { path: '' }],
    ['malformed', 'definition', { path: '' }],
    ['malformed', [research], { path: '' }],
    ['malformed', { ...research, id: '' }, { path: 'id' }],
    ['malformed', { ...research, id: 'x'.repeat(300) }, { path: 'id' }],
    ['malformed', { ...research, name: 7 }, { path: 'name' }],
    ['malformed', { ...research, description: undefined }, { path: 'description' }],
    ['malformed', { ...research, phases: {} }, { path: 'phases' }],
    ['malformed', { ...research, phases: [null] }, { path: 'phases[0]' }],
    ['malformed', definition([phase('a.b')]), { path: 'phases[0].name' }],
    ['malformed', definition([phase(' a')]), { path: 'phases[0].name' }],
    [
      'malformed',
      { ...research, phases: [{ ...phase('a'), agentIds: 'echo' }] },
      { path: 'phases[0].agentIds' },
    ],
    [
      'malformed',
      { ...research, phases: [{ ...phase('a'), dependsOn: [1] }] },
      { path: 'phases[0].dependsOn' },
    ],
    ['malformed', { ...research, run: () => {} }, { path: '' }],
  ])('is refused as %s: case %#', (kind, value, details) => {
    const errors = errorsOf(value)
    expect(errors).toContainEqual(expect.objectContaining({ kind, ...details }))
    expect(new Set(errors.map((error) => error.kind))).toEqual(new Set([kind]))
    for (const { message } of errors) expect(message).toMatch(/^\S.+\.$/)
  })

  it('has all its problems reported, not just the first', () => {
    const broken = {
      ...definition([
        phase('a', { agentIds: ['nobody'], dependsOn: ['b', 'ghost'] }),
        phase('b', { agentIds: [], dependsOn: ['a'] }),
        phase('b', { forEach: 'a' }),
      ]),
      concurrency: 0,
      maxChildren: null,
      name: 3,
    }
    expect(
      errorsOf(broken)
        .map(({ kind }) => kind)
        .toSorted(),
    ).toEqual([
      'cyclicDependency',
      'duplicatePhase',
      'emptyPhase',
      'invalidConcurrency',
      'invalidForEach',
      'invalidMaxChildren',
      'malformed',
      'unknownAgent',
      'unknownDependency',
    ])
  })

  it('never throws, whatever it is', () => {
    const near = fc.record(
      {
        id: fc.oneof(fc.string(), fc.anything()),
        name: fc.oneof(fc.string(), fc.anything()),
        description: fc.oneof(fc.string(), fc.anything()),
        concurrency: fc.oneof(fc.integer(), fc.anything()),
        maxChildren: fc.oneof(fc.integer(), fc.anything()),
        phases: fc.array(
          fc.oneof(
            fc.anything({ withNullPrototype: true }),
            fc.record(
              {
                name: fc.constantFrom('a', 'b', 'c', 'constructor', '', '.'),
                description: fc.string(),
                agentIds: fc.array(fc.constantFrom('echo', 'nobody', '__proto__')),
                dependsOn: fc.array(fc.constantFrom('a', 'b', 'c', 'constructor')),
                forEach: fc.constantFrom('a', 'b', null, 7),
              },
              { requiredKeys: [] },
            ),
          ),
        ),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(near, fc.anything()), (value) => {
        const checked = validateDefinition(value, agents)
        if (!checked.ok) expect(checked.errors.length).toBeGreaterThan(0)
        else expect(validateDefinition(checked.definition, agents)).toEqual(checked)
      }),
      { numRuns: 500 },
    )
  })

  it('survives values that fight back', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const trap = Object.defineProperty({}, 'phases', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    for (const value of [cycle, trap, revoked.proxy, new Date(), Symbol('s'), () => {}]) {
      expect(errorsOf(value)).toMatchObject([{ kind: 'malformed' }])
    }
  })

  it('is read in reasonable time when it is hostile', () => {
    const names = Array.from({ length: 200 }, (_, index) => `p${index}`)
    const everything = definition(
      names.slice(0, 45).map((name) => phase(name, { dependsOn: names.slice(0, 45) })),
    )
    expect(errorsOf(everything).length).toBeGreaterThan(0)
    expect(errorsOf({ ...everything, phases: Array.from({ length: 300 }, () => null) })).toHaveLength(1)
  })
})

describe('What a phase builds upon', () => {
  it('is everything before it, in definition order, and nothing beside it', () => {
    expect(upstreamOf(research.phases, 'write').map(({ name }) => name)).toEqual(['plan', 'read', 'check'])
    expect(upstreamOf(research.phases, 'check').map(({ name }) => name)).toEqual(['plan'])
    expect(upstreamOf(research.phases, 'plan')).toEqual([])
  })
})
