import type { Page } from '../models.ts';
import { Activity } from './activity.tsx';
import { Approval } from './approval.tsx';
import { Exchange } from './exchange.tsx';
import { Heading, Layout } from './layout.tsx';
import { Gate } from './parts.tsx';
import { Policy } from './policy.tsx';
import { Status } from './status.tsx';
import { Visible } from './text.tsx';
import { Waiting } from './waiting.tsx';

/** A whole page; the server renders it, and the script takes it over. */
export function PageView({ page }: { readonly page: Page }) {
  return (
    <Layout page={page}>
      <Body page={page} />
    </Layout>
  );
}

function Body({ page }: { readonly page: Page }) {
  const { view, now } = page;
  switch (view.page) {
    case 'waiting':
      return <Waiting view={view} now={now} />;
    case 'approval':
      return <Approval view={view} page={page} />;
    case 'activity':
      return <Activity view={view} />;
    case 'exchange':
      return <Exchange view={view} />;
    case 'policy':
      return <Policy view={view} now={now} />;
    case 'status':
      return <Status view={view} />;
    case 'notice':
      return (
        <div class="empty notice">
          <Gate />
          <Heading title={view.heading} />
          <p>
            <Visible text={view.text} />
          </p>
          {view.back !== null && (
            <p>
              <a class="button" href={view.back.href}>
                {view.back.text}
              </a>
            </p>
          )}
        </div>
      );
  }
}
