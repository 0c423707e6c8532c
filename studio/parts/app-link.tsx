import { Link as FluentLink } from '@fluentui/react-components';
import { createLink } from '@tanstack/react-router';

/** A link to another page of the Studio: `to` is its path without `/studio`. */
export const AppLink = createLink(FluentLink);
