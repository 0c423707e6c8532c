import { describeSynapseLink } from './synapse-link.contract.ts';

describeSynapseLink();
