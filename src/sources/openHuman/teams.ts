/**
 * Owns what agent teams say of runs: the member a run works for. Teams themselves are no runs.
 */
import type { RunRecord } from '../../core/entities.ts'
import { runLog } from '../../core/ids.ts'
import { idOf, keyOf, known, lineOf, TEAMS_STREAM } from './envelope.ts'
import type { Told } from './envelope.ts'
import { fieldOf, isObject } from './rpc.ts'
import { readMember } from './rowsRead.ts'
import type { Member } from './rowsRead.ts'

/** The members of a team as it was asked for, and of one that a list holds whole. */
export function membersOf(team: unknown): readonly Member[] {
  const members = fieldOf(team, 'members') ?? fieldOf(fieldOf(team, 'team'), 'members')
  if (!Array.isArray(members)) return []
  return (members as unknown[]).map(readMember).filter((member) => member !== null)
}

/** The id of a team, whether or not its members come with it. */
export function teamIdOf(team: unknown): string | null {
  const id = fieldOf(team, 'id') ?? fieldOf(fieldOf(team, 'team'), 'id')
  return typeof id === 'string' ? id : null
}

export const isClosed = (team: unknown): boolean =>
  isObject(team) && (fieldOf(team, 'status') ?? fieldOf(fieldOf(team, 'team'), 'status')) === 'closed'

/** Null: it is known already. A run's member stays what it was when the member went on to other work. */
export function tellMember(member: Member, record: RunRecord): Told | null {
  const { runId } = member
  if (runId == null || (record.run.kind === 'team_member' && 'teamMemberId' in record.run.metadata))
    return null
  const payload = {
    kind: 'team_member',
    ...known({
      agentId: lineOf(member.agentId),
      agentName: lineOf(member.name),
      workerThreadId: idOf(member.workerThreadId),
    }),
    metadata: known({ teamId: member.teamId, teamMemberId: member.id, teamMemberName: member.name }),
  }
  const position = keyOf('member', runId, payload)
  const timestamp = record.run.updatedAt
  return {
    stream: TEAMS_STREAM,
    events: [{ log: runLog(runId), type: 'run.observed', payload, timestamp, position }],
  }
}
