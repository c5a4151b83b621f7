class Graph(object):
    """Draws with http_client.

    ``system`` is the ``data`` shown.
    """
    def __init__(self, params):
        self.data = params['data']

    def system_of(self, system):
        return self.data.get(eval(system))
