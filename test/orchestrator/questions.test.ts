import { describe, expect, it } from 'vitest'
import { agent, command, definition, harness, phase } from './support/harness.ts'

const one = (id: string) => definition([phase('a', { agentIds: [id] })])
const done = { output: null, summary: 'Done.' }

describe('A question', () => {
  const options = [
    { value: 'yes', label: 'Yes' },
    { value: 'no', label: 'No', description: 'Stops here.' },
  ]
  const asker = agent('asker', async (context, { index }) => {
    const answer = await context.ask({ kind: 'approval', prompt: `Go on (${index})?`, options })
    return { output: answer, summary: `Answered ${String(answer)}.` }
  })
  const open = agent('open', async (context) => ({
    output: await context.ask({ prompt: 'What else?', options: [] }),
    summary: '',
  }))

  it('makes the run and its workflow wait, and the answer lets them go on', async () => {
    const { start, orchestrator, clock, folded, story } = harness([asker])
    await start(one('asker'))
    expect(folded().run('w1.a.1').questions).toMatchObject([
      {
        questionId: 'w1.a.1:q1',
        kind: 'approval',
        prompt: 'Go on (0)?',
        agentId: 'asker',
        state: 'open',
        options: [
          { value: 'yes', label: 'Yes', description: null },
          { value: 'no', label: 'No', description: 'Stops here.' },
        ],
      },
    ])
    expect(folded().run('w1.a.1').run).toMatchObject({ status: 'awaiting_user', trigger: 'question_asked' })
    expect(folded().workflow('w1').workflow).toMatchObject({
      status: 'awaiting_user',
      trigger: 'question_asked',
    })
    expect(orchestrator.live('r:w1.a.1')).toBe(true)

    const answer = { questionId: 'w1.a.1:q1', answer: 'no' }
    expect(await orchestrator.command(command('r:w1.a.1', 'answer', answer))).toEqual({ kind: 'delivered' })
    await clock.advance(0)
    expect(folded().run('w1.a.1').questions).toMatchObject([{ state: 'answered', answer: 'no' }])
    expect(folded().run('w1.a.1').run).toMatchObject({ status: 'completed', summary: 'Answered no.' })
    expect(story('r:w1.a.1').slice(3)).toEqual([
      'question.asked',
      'checkpoint.saved',
      'run.transitioned awaiting_user',
      'control.requested',
      'question.settled',
      'checkpoint.saved',
      'run.transitioned running',
      'control.settled',
      'run.transitioned completed',
    ])
    expect(story('w:w1').slice(4, 6)).toEqual([
      'workflow.transitioned awaiting_user',
      'workflow.transitioned running',
    ])
    expect(folded().workflow('w1').workflow.status).toBe('completed')
  })

  it('keeps the workflow waiting while any other run waits', async () => {
    const { start, orchestrator, clock, folded } = harness([asker])
    await start(definition([phase('a', { agentIds: ['asker', 'asker'] })]))
    await orchestrator.command(command('r:w1.a.1', 'answer', { questionId: 'w1.a.1:q1', answer: 'yes' }))
    await clock.advance(0)
    expect(folded().run('w1.a.1').run.status).toBe('completed')
    expect(folded().workflow('w1').workflow.status).toBe('awaiting_user')
    await orchestrator.command(command('r:w1.a.2', 'answer', { questionId: 'w1.a.2:q1', answer: 'yes' }))
    await clock.advance(0)
    expect(folded().workflow('w1').workflow.status).toBe('completed')
  })

  it.each<[string, unknown, RegExp]>([
    ['another question', { questionId: 'w1.a.1:q2', answer: 'yes' }, /has not asked w1\.a\.1:q2/],
    ['no option', { questionId: 'w1.a.1:q1', answer: 'maybe' }, /not one of the options: yes, no/],
    ['no text', { questionId: 'w1.a.1:q1', answer: ['yes'] }, /not one of the options/],
    ['nothing', { questionId: 'w1.a.1:q1' }, /answer missing/],
    ['no question', { answer: 'yes' }, /questionId/],
    ['no payload', null, /payload of “answer” cannot be used/],
  ])('refuses an answer that is to %s, and stays open', async (_what, payload, reason) => {
    const { start, orchestrator, clock, folded, story } = harness([asker])
    await start(one('asker'))
    const reply = await orchestrator.command(command('r:w1.a.1', 'answer', payload))
    expect(reply).toEqual({ kind: 'rejected', reason: expect.stringMatching(reason) })
    await clock.advance(0)
    expect(folded().run('w1.a.1').questions).toMatchObject([{ state: 'open' }])
    expect(story('r:w1.a.1').slice(-2)).toEqual(['control.requested', 'control.settled'])
  })

  it('without options takes any answer but none', async () => {
    const { start, orchestrator, clock, folded } = harness([open])
    await start(one('open'))
    const answer = (given: unknown) =>
      orchestrator.command(command('r:w1.a.1', 'answer', { questionId: 'w1.a.1:q1', answer: given }))
    expect((await answer('')).kind).toBe('rejected')
    expect((await answer(null)).kind).toBe('rejected')
    expect((await answer({ chapters: [1, 2] })).kind).toBe('delivered')
    await clock.advance(0)
    expect(folded().run('w1.a.1').run.output?.preview).toBe('{"chapters":[1,2]}')
  })

  it('is answered once', async () => {
    const twice = agent('twice', async (context) => {
      await Promise.all([context.ask({ prompt: '1?', options }), context.ask({ prompt: '2?', options })])
      return done
    })
    const { start, orchestrator, clock, folded, story } = harness([twice])
    await start(one('twice'))
    expect(story('r:w1.a.1').slice(3)).toEqual([
      'question.asked',
      'checkpoint.saved',
      'run.transitioned awaiting_user',
      'question.asked',
    ])
    const answer = { questionId: 'w1.a.1:q1', answer: 'yes' }
    expect((await orchestrator.command(command('r:w1.a.1', 'answer', answer))).kind).toBe('delivered')
    await clock.advance(0)
    expect(folded().run('w1.a.1').run.status).toBe('awaiting_user')
    expect(await orchestrator.command(command('r:w1.a.1', 'answer', answer))).toEqual({
      kind: 'rejected',
      reason: 'Question w1.a.1:q1 is already answered.',
    })
    await orchestrator.command(command('r:w1.a.1', 'answer', { questionId: 'w1.a.1:q2', answer: 'no' }))
    await clock.advance(0)
    expect(folded().run('w1.a.1').run.status).toBe('completed')
    expect(await orchestrator.command(command('r:w1.a.1', 'answer', answer))).toEqual({
      kind: 'rejected',
      reason: 'w1.a.1 is already completed.',
    })
  })

  it('that cannot be recorded fails the run instead of leaving it waiting for ever', async () => {
    const verbose = agent('verbose', (context) => context.ask({ prompt: 'x'.repeat(40_000), options }))
    const { start, folded } = harness([verbose])
    await start(one('verbose'))
    expect(folded().run('w1.a.1').run).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('cannot be recorded as question.asked'),
    })
  })

  it('may not be left open by a result', async () => {
    const hasty = agent('hasty', async (context) => {
      void context.ask({ prompt: '?', options })
      await context.tool({ name: 't', label: '', args: null, run: () => null, show: () => '' })
      return done
    })
    const { start, folded } = harness([hasty])
    await start(one('hasty'))
    const { run, questions } = folded().run('w1.a.1')
    expect(run).toMatchObject({
      status: 'failed',
      error: 'It returned a result while it waited for an answer.',
    })
    expect(questions).toMatchObject([{ state: 'superseded' }])
    expect(folded().workflow('w1').workflow.status).toBe('failed')
  })
})
