/**
 * Owns what a resume may do without asking. Attempts are counted per piece of work, over all resumes: a cap that
 * started anew with every resume would be none.
 */

/** `upTo`: attempts in all, the first included. */
export type Permission = 'never' | 'always' | 'ask' | { upTo: number }

/** By what is known of a child: what may happen to it. */
export interface ResumePolicy {
  /** It ended with an error. Relaunch? */
  failed: Permission
  /** It was never launched. Launch? */
  missing: Permission
  /** It was cut off, stopped, or lost its owner. Relaunch? */
  interrupted: Permission
  /** It has a result that its workflow never took note of. Reuse? */
  orphan: Permission
  /** A call of it that may have changed something outside never reported its end. Relaunch? */
  unknown: Permission
}

export const DEFAULT_POLICY: ResumePolicy = {
  failed: { upTo: 3 },
  missing: 'always',
  interrupted: { upTo: 5 },
  orphan: 'always',
  unknown: 'ask',
}

export type Ruling =
  | { kind: 'allowed' }
  | { kind: 'ask' }
  /** `isFinal`: not even on a person's word. */
  | { kind: 'refused'; why: string; isFinal: boolean }

/** `attempt`: the one that would be made, from 1. */
export function rule(permission: Permission, attempt: number): Ruling {
  if (permission === 'always') return { kind: 'allowed' }
  if (permission === 'ask') return { kind: 'ask' }
  if (permission === 'never') return { kind: 'refused', why: 'The policy does not allow it.', isFinal: true }
  if (attempt <= permission.upTo) return { kind: 'allowed' }
  const tried = attempt === 2 ? 'once' : `${attempt - 1} times`
  return {
    kind: 'refused',
    why: `It was tried ${tried}; the policy allows ${permission.upTo}.`,
    isFinal: false,
  }
}
