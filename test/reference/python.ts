import { privatePython } from '../support/private-python.ts';

/** What the references need, at the versions that the stored ones were made by. */
export const PACKAGES = ['numpy==2.3.5', 'torch==2.9.1', 'transformers==5.24.0'];

/** Makes a private Python with the packages, once, and says where it is as QFLEET_REFERENCE_PYTHON. */
export default async function setUp(): Promise<void> {
  process.env['QFLEET_REFERENCE_PYTHON'] = await privatePython('references', PACKAGES);
}
