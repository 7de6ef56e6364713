import type { EvaluationRequest } from './request.ts';
import type { EvaluationResult } from './result.ts';

/** Where checkpoints are evaluated while a run trains. Implementations: in process, BullMQ jobs. */
export interface Evaluations {
  request(request: EvaluationRequest): Promise<void>;
  /** The requests that were given up for newer ones since the last call: their results will not come. */
  takeAbandoned(): Pick<EvaluationRequest, 'id' | 'updates'>[];
  /** The results that came since the last call, in the order they came; one may come more than once. */
  results(): Promise<EvaluationResult[]>;
}
