# SPDX-License-Identifier: MIT
# The Python client against a service: TELLER_URL, TELLER_TOKEN, and TELLER_RELAY, which cuts its
# connections again and again.
import http.server
import os
import threading
import unittest
import uuid

from teller import OutcomeUnknown, Problem, Teller, Unreachable

URL, TOKEN = os.environ['TELLER_URL'], os.environ['TELLER_TOKEN']


class TestTeller(unittest.TestCase):
    def setUp(self):
        self.bank = Teller(URL, TOKEN)
        self.addCleanup(self.bank.close)
        self.name = 'py:' + uuid.uuid4().hex
        self.bank.open_account('main', {'id': self.name, 'asset': 'USD/2'})

    def balance(self):
        return self.bank.get_account('main', self.name)['balance']

    def test_a_key_pays_once(self):
        key = uuid.uuid4().hex
        first = self.bank.deposit('main', self.name, {'amount': '100'}, key=key)
        self.assertEqual(self.bank.deposit('main', self.name, {'amount': '100'}, key=key), first)
        self.bank.deposit('main', self.name, {'amount': '5'})
        self.assertEqual(self.balance(), '105')

    def test_a_refusal_is_a_problem(self):
        with self.assertRaises(Problem) as caught:
            self.bank.withdraw('main', self.name, {'amount': 80})
        self.assertEqual((caught.exception.status, caught.exception.code),
                         (422, 'insufficient_funds'))
        self.assertEqual(caught.exception.problem['available'], '0')

    def test_a_large_amount_is_exact(self):
        most = str(10 ** 36 + 7)
        self.bank.deposit('main', self.name, {'amount': most})
        self.assertEqual(self.balance(), most)

    def test_a_list_is_read_to_its_end(self):
        for i in range(25):
            self.bank.open_account('main', {'id': f'{self.name}:é/{i}', 'asset': 'USD/2'})
        found = [each['id'] for each in
                 self.bank.pages(self.bank.list_accounts, 'main', prefix=self.name + ':', limit=7)]
        self.assertEqual(sorted(found), sorted(f'{self.name}:é/{i}' for i in range(25)))
        self.assertEqual(self.bank.get_account('main', found[0])['id'], found[0])

    def test_a_read_says_what_will_do(self):
        seq = self.bank.deposit('main', self.name, {'amount': 7})['id']
        told = self.bank.get_account('main', self.name, stale=True, least=seq)
        self.assertEqual(told['balance'], '7')
        with self.assertRaises(Problem) as caught:
            self.bank.get_account('main', self.name, least=10 ** 9, wait=0)
        self.assertEqual(caught.exception.code, 'position_ahead')

    def test_what_it_says(self):
        said = []

        class Listening(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                said.append([self.headers['Prefer'], self.headers['If-Ledger-Seq']])
                self.send_response(404)
                self.send_header('Content-Length', '2')
                self.end_headers()
                self.wfile.write(b'{}')

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(('127.0.0.1', 0), Listening)
        self.addCleanup(server.server_close)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        bank = Teller(f'http://127.0.0.1:{server.server_port}', TOKEN)
        for read in (lambda: bank.get_account('main', 'a'),
                     lambda: bank.get_account('main', 'a', stale=True, least=4, wait=2),
                     lambda: next(bank.events('main')),
                     lambda: next(bank.events('main', 3, stale=True))):
            with self.assertRaises(Problem):
                read()
        self.assertEqual(said, [[None, None], ['stale, wait=2', '4'], [None, None],
                                ['stale', None]])

    def test_nobody_there(self):
        bank = Teller('http://127.0.0.1:1', TOKEN, patience=0.3)
        with self.assertRaises(Unreachable) as caught:
            bank.deposit('main', self.name, {'amount': 1})
        self.assertNotIsInstance(caught.exception, OutcomeUnknown)

    def test_a_bad_network_pays_once(self):
        with Teller(os.environ['TELLER_RELAY'], TOKEN) as bank:
            for _ in range(60):
                bank.deposit('main', self.name, {'amount': 1})
        self.assertEqual(self.balance(), '60')

    def test_events_have_no_gap(self):
        after = self.bank.deposit('main', self.name, {'amount': 1})['id']
        bank = Teller(os.environ['TELLER_RELAY'], TOKEN)

        def pay():
            with Teller(URL, TOKEN) as payer:
                for _ in range(300):
                    payer.deposit('main', self.name, {'amount': 1})
        paying = threading.Thread(target=pay)
        paying.start()
        mine = 0
        events = bank.events('main', after)
        self.addCleanup(events.close)
        for entry in events:
            self.assertEqual(entry['seq'], after + 1)
            after = entry['seq']
            mine += self.name in entry.get('balances', {})
            if mine == 300:
                break
        paying.join()
        self.assertEqual(entry['balances'][self.name], '301')


if __name__ == '__main__':
    unittest.main()
