/** What `doctor` says of a machine. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type DoctorReport, doctor, formatDoctor } from '../../src/cli/doctor.ts';

const bare: DoctorReport = {
  ok: false,
  adapter: null,
  features: [],
  limits: {},
  node: '20.9.0',
  platform: 'linux x64',
  packages: { webgpu: '0.6.2', 'playwright-core': null },
  vulkan: { manifests: [], unpacked: null },
  chromium: null,
  advice: ['Run `npm run setup`.'],
};

test('a bare machine: what is missing, and what to do', () => {
  const text = formatDoctor(bare);
  assert.match(text, /^adapter +none$/m);
  assert.match(text, /^usable +no$/m);
  assert.match(text, /^packages +webgpu 0\.6\.2, playwright-core \(none\)$/m);
  assert.match(text, /^Vulkan drivers +none found$/m);
  assert.match(text, /^- Run `npm run setup`\.$/m);
  assert.not.match(text, /maxBufferSize/);
});

test('this machine: the report agrees with itself and is plain JSON', async () => {
  const report = await doctor();
  assert.equal(JSON.parse(JSON.stringify(report)), report);
  assert.is(report.node, process.versions.node);
  assert.match(report.packages.webgpu ?? '', /^\d+\.\d+\.\d+/);
  if (report.ok) {
    assert.ok(report.adapter && report.adapter.name.length > 0);
    assert.ok(report.limits.maxStorageBuffersPerShaderStage >= 8);
    assert.equal(report.features, [...report.features].sort());
    assert.match(formatDoctor(report), /^maxStorageBufferBindingSize +[\d.]+ [KMG]iB$/m);
  } else {
    assert.ok(report.advice.length > 0, 'a machine that cannot run it is told why');
  }
});

test.run();
