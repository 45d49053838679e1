/** Waits for what happens in other tasks (IndexedDB, workers), turn by turn; no clock decides. */
export async function eventually(condition: () => boolean, tasks = 2_000): Promise<void> {
  for (let task = 0; task < tasks && !condition(); task += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, 0)
    })
  }
}
