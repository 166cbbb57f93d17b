/**
 * What tfjs.mjs bundles: the core's own bundle for Node leaves the gradients out, and its loose modules only load
 * through a bundler.
 */
export * from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-webgpu';
