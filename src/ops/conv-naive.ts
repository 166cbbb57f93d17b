/**
 * The readable kernels that specify convolution. Nothing chooses them to run, so they do not ship with pages: tests and
 * benchmarks import this file, after which `force: 'naive'` finds them.
 */
import filter from '#shaders/conv_filter_naive.wgsl';
import input from '#shaders/conv_input_naive.wgsl';
import forward from '#shaders/conv_naive.wgsl';
import { specify } from './conv-run.ts';

specify({ forward, input, filter });
