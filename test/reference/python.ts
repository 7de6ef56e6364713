import { privatePython } from '../support/private-python.ts';

/** What the references need, at the versions that the stored ones were made by. */
export const PACKAGES = ['numpy==2.3.5', 'torch==2.9.1', 'transformers==5.24.0'];

/** What runs exported policies. */
const ONNX = ['numpy==2.3.5', 'onnx==1.23.2', 'onnxruntime==1.32.0', 'safetensors==0.8.0'];

/** Makes private Pythons with the packages, once, and says where they are as QFLEET_REFERENCE_PYTHON and QFLEET_ONNX_PYTHON. */
export default async function setUp(): Promise<void> {
  process.env['QFLEET_REFERENCE_PYTHON'] = await privatePython('references', PACKAGES);
  process.env['QFLEET_ONNX_PYTHON'] = await privatePython('onnx', ONNX);
}
