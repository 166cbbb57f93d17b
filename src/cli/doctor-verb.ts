import { Command } from 'commander';
import { doctor, formatDoctor } from './doctor.ts';
import { printJson } from './format.ts';
import { withJson } from './options.ts';

export function doctorCommand(): Command {
  const command = new Command('doctor').description('What WebGPU finds on this machine, and what to install');
  return withJson(command).action(async ({ json }: { json?: boolean }) => {
    const report = await doctor();
    if (json) printJson(report);
    else process.stdout.write(`${formatDoctor(report)}\n`);
    if (!report.ok) process.exitCode = 1;
  });
}
