import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Ends a test run with one plain line, `N passed, N failed, N skipped`, after the reason of every skipped test. A file
 * that could not be loaded and an error outside any test count as failed. Where `CI` is set, a skipped test fails the
 * run.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter(
      (module) =>
        module.state() === 'failed' &&
        ![...module.children.allTests()].some((test) => test.result().state === 'failed'),
    ).length;
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const reasons = Map.groupBy(skipped, (test) => {
      const result = test.result();
      return ('note' in result && result.note) || `see ${test.module.relativeModuleId}`;
    });
    for (const [reason, group] of reasons) console.log(`skipped ${group.length}: ${reason}`);
    const failed = count('failed') + broken + errors.length;
    if (skipped.length > 0 && process.env.CI) {
      console.log('CI is set, where nothing may be skipped: this run fails');
      process.exitCode = 1;
    }
    console.log(
      `${count('passed')} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`,
    );
  }
}
