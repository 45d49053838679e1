/**
 * Owns a second pair of eyes on IndexedDB: which databases were made anew, whatever the ledger says about it.
 * Only listens.
 */
import type { Upgrade } from './protocol.ts'

/** Begins to listen; gives back what was seen so far. */
export function watchUpgrades(): () => readonly Upgrade[] {
  const seen: Upgrade[] = []
  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = function watched(this: IDBFactory, name: string, version?: number) {
    const request = version === undefined ? open.call(this, name) : open.call(this, name, version)
    request.addEventListener('upgradeneeded', (event) => {
      // Chromium's own fields; the standard does not have them.
      const { dataLoss, dataLossMessage } = event as { dataLoss?: string; dataLossMessage?: string }
      const { oldVersion } = event
      seen.push({ name, oldVersion, dataLoss: dataLoss ?? null, message: dataLossMessage ?? null })
    })
    return request
  }
  return () => seen
}
