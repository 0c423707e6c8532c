import { describePrivatePath } from './private-path.contract.ts';

describePrivatePath();
