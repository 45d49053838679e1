/**
 * Owns what follows from the dependencies between phases: cycles, and which phases a phase builds upon.
 */

export interface GraphPhase {
  name: string
  dependsOn: readonly string[]
}

/** Cycles of dependencies, each as the names along it; a phase is in one reported cycle at most. */
export function findCycles(phases: readonly GraphPhase[]): readonly (readonly string[])[] {
  const dependencies = new Map<string, Set<string>>()
  // Phases of one name are a problem of their own, and hide no cycle.
  for (const { name, dependsOn } of phases) {
    dependencies.set(name, new Set([...(dependencies.get(name) ?? []), ...dependsOn]))
  }
  const cycles: (readonly string[])[] = []
  const reported = new Set<string>()
  const finished = new Set<string>()
  const path: string[] = []

  function visit(phase: string): void {
    if (finished.has(phase)) return
    path.push(phase)
    for (const name of dependencies.get(phase) ?? []) {
      const start = path.indexOf(name)
      if (start === -1) {
        if (dependencies.has(name)) visit(name)
        continue
      }
      const cycle = path.slice(start)
      if (!cycle.some((member) => reported.has(member))) cycles.push(cycle)
      for (const member of cycle) reported.add(member)
    }
    path.pop()
    finished.add(phase)
  }

  for (const { name } of phases) visit(name)
  return cycles
}

/**
 * All phases `name` builds upon, directly or not, in definition order. Only they feed it: what else happens
 * to be completed by then depends on timing, and inputs must not.
 */
export function upstreamOf<Phase extends GraphPhase>(
  phases: readonly Phase[],
  name: string,
): readonly Phase[] {
  const byName = new Map(phases.map((phase) => [phase.name, phase]))
  const found = new Set<string>()
  const open = [...(byName.get(name)?.dependsOn ?? [])]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    open.push(...(byName.get(next)?.dependsOn ?? []))
  }
  return phases.filter((phase) => found.has(phase.name))
}
