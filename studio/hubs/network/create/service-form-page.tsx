import { Checkbox, Field, Textarea } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { AppLink } from '#studio/parts/app-link.tsx';
import { Section } from '#studio/parts/section.tsx';
import { CreateForm } from './create-form.tsx';
import { CreatePage } from './create-page.tsx';
import { ChoiceField, PlaceFields, Row, TextField, told, useBalancerParts, usePlaceGround, useSubnets } from './fields.tsx';
import { besideLast } from './place.ts';
import type { Problems } from './validation.ts';
import { firstService, serviceProblems, serviceSteps, type ServiceDraft } from './service-draft.ts';

/** A private link service in front of a load balancer. */
export function ServiceFormPage(): ReactElement {
  const ground = usePlaceGround();
  const [draft, setDraft] = useState(() => besideLast(firstService));
  const [isTried, setTried] = useState(false);
  const problems = serviceProblems(draft);
  const change = (more: Partial<ServiceDraft>): void => setDraft({ ...draft, ...more });
  return (
    <CreatePage
      title="Private link service"
      about="What private endpoints of other networks lead to. Nothing passes before you approve an endpoint."
    >
      <CreateForm
        text="Create private link service"
        problems={problems}
        steps={serviceSteps(draft, ground)}
        place={draft.place}
        ground={ground}
        onTry={() => setTried(true)}
        next={<AppLink to="/network/create/forwarder">Next: forwarder</AppLink>}
      >
        <PlaceFields
          place={draft.place}
          onChange={(place) => change({ place })}
          {...{ ground, problems, isTried }}
          example="myPrivateLinkService"
        />
        <OutboundFields draft={draft} change={change} problems={problems} isTried={isTried} />
        <Section title="Access security">
          <Row>
            <TextField
              label="Approvers needed"
              value={draft.approvers}
              onChange={(approvers) => change({ approvers })}
              problem={problems['approvers']}
              placeholder="1"
              hint="So many different people approve."
              inputMode="numeric"
            />
            <TextField
              label="Approvals end after (days)"
              value={draft.days}
              onChange={(days) => change({ days })}
              problem={problems['days']}
              placeholder="never"
              inputMode="numeric"
            />
          </Row>
        </Section>
        <Field
          label="Names of the databases behind it"
          hint="Names, parted by blanks or lines. Within a consumer's network they mean its endpoint to this service."
          {...told(problems['names'], draft.names, isTried)}
        >
          <Textarea
            value={draft.names}
            onChange={(_, { value }) => change({ names: value })}
            resize="vertical"
            placeholder="mi1.abc.database.windows.net"
          />
        </Field>
      </CreateForm>
    </CreatePage>
  );
}

interface OutboundFieldsProps {
  readonly draft: ServiceDraft;
  readonly change: (more: Partial<ServiceDraft>) => void;
  readonly problems: Problems;
  readonly isTried: boolean;
}

function OutboundFields({ draft, change, problems, isTried }: OutboundFieldsProps): ReactElement {
  const subnets = useSubnets();
  const frontends = useBalancerParts('frontendIPConfigurations');
  return (
    <Section title="Outbound settings">
      <Row>
        <ChoiceField
          label="Load balancer frontend"
          required
          value={draft.frontend}
          choices={frontends}
          onChange={(frontend) => change({ frontend })}
          problem={problems['frontend']}
          isTried={isTried}
          none="Choose a frontend"
        />
        <ChoiceField
          label="Source NAT subnet"
          required
          value={draft.subnet}
          choices={subnets}
          onChange={(subnet) => change({ subnet })}
          problem={problems['subnet']}
          isTried={isTried}
          none="Choose a subnet"
          hint="One whose policies for private link services are off."
        />
      </Row>
      <Checkbox
        label="Enable TCP proxy V2: databases behind it learn who connects, and must understand the header"
        checked={draft.proxyProtocol}
        onChange={(_, { checked }) => change({ proxyProtocol: checked === true })}
      />
    </Section>
  );
}
